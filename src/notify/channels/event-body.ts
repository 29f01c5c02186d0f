import type { Event } from '../../store/index.ts';

/** An event as a webhook gets it: type, time and data, as Standard Webhooks recommends. The same bytes at every attempt. */
export function eventBody(
  event: Event,
  about: {
    readonly project: string;
    readonly run: { readonly number: number; readonly rehearsal: boolean; readonly pipeline: string } | null;
  },
): string {
  return JSON.stringify({
    type: event.type,
    timestamp: event.at,
    data: {
      project: about.project,
      seq: event.seq,
      severity: event.severity,
      run_id: event.run_id,
      run: about.run?.number ?? null,
      pipeline: about.run?.pipeline ?? null,
      rehearsal: about.run?.rehearsal ?? false,
      stage: event.stage,
      circuit_id: event.circuit_id,
      message: event.message,
      data: event.data,
    },
  });
}
