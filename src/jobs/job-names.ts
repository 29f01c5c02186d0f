import { compactTime } from '../kernel/clock.ts';

/**
 * `<circuit id>_<cutoff as yyyy_mm_dd>`; a circuit without cutoff keeps the bare id. No name ends in a hyphen and a
 * number: that is how further attempts are told apart, and `kiln-2` may be a circuit beside `kiln`.
 */
export function baseJobName(circuit_id: string, cutoff_date: string | null): string {
  if (cutoff_date === null) return /-\d+$/.test(circuit_id) ? `${circuit_id}_job` : circuit_id;
  const day = cutoff_date.slice(0, 10).replaceAll('-', '_');
  return `${circuit_id}_${day}`;
}

/** The first free of `base`, `base_2`, `base_3`, … against names that earlier runs used. */
export function freeJobName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  let n = 2;
  while (taken.has(`${base}_${n}`)) n++;
  return `${base}_${n}`;
}

/** Retries append to the original's base name, never to a retry's. Times are UTC. */
export const retryJobName = (base: string, now: number): string => `${base}_retry_${compactTime(now)}`;

/** What the provider knows an attempt by: the job's name, and `-<n>` from the second attempt on. */
export const attemptKey = (job_name: string, attempt: number): string =>
  attempt === 1 ? job_name : `${job_name}-${attempt}`;
