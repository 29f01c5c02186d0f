import type { LogChunk, Observation } from '../../jobs/compute.ts';
import type { Accepted } from './attempt.ts';
import { metricsOf } from './attempt-outputs.ts';
import { luck } from './chance.ts';
import type { phaseOf } from './failures.ts';

/** A piece of an attempt's log as far as it has come; offsets are bytes, negative ones from the end. */
export function logChunk(accepted: Accepted, seen: Observation, offset: number, limit: number): LogChunk {
  const bytes = Buffer.from(logText(accepted, seen));
  let from = Math.min(Math.max(0, offset < 0 ? bytes.length + offset : offset), bytes.length);
  while (offset < 0 && isContinuation(bytes[from])) from += 1;
  let to = Math.min(from + Math.max(0, limit), bytes.length);
  // A character of several bytes stays in one piece, even where it alone is more than the limit.
  while (to > from && isContinuation(bytes[to])) to -= 1;
  if (to === from && limit > 0 && from < bytes.length) {
    to += 1;
    while (isContinuation(bytes[to])) to += 1;
  }
  const over = seen.state === 'succeeded' || seen.state === 'failed' || seen.state === 'canceled';
  return { text: bytes.toString('utf8', from, to), next_offset: to, ended: over && to === bytes.length };
}

/** The whole log so far. Later texts of the same attempt begin with the earlier ones. */
export function logText(accepted: Accepted, seen: Observation): string {
  if (accepted.log !== undefined) return seen.running_at === null ? '' : accepted.log;
  if (seen.state === 'queued') return '';
  const lines = [`simulation of ${accepted.key}: nothing is trained`];
  if (seen.running_at !== null) lines.push(...epochs(accepted, seen.running_s));
  if (seen.state === 'succeeded') lines.push(...result(accepted), 'trained');
  if (seen.state === 'failed') lines.push(...complaint(seen.reason, seen.message));
  if (seen.state === 'canceled') lines.push('canceled');
  return `${lines.join('\n')}\n`;
}

/** An attempt that fails stops short of its last epoch. */
function epochs(accepted: Accepted, running_s: number): string[] {
  const next = luck(accepted.draw + 3);
  const planned = 6 + Math.floor(next() * 10);
  const reached = accepted.failure === null ? planned : Math.floor(planned * 0.7);
  const scale = 4 + 8 * next();
  const lines = [`training for ${planned} epochs`];
  for (let epoch = 1; epoch <= reached && running_s >= (epoch * (accepted.run_s ?? 0)) / reached; epoch++) {
    const loss = (scale / (epoch + 1)) * (0.95 + 0.1 * next());
    lines.push(`epoch ${epoch}/${planned}  loss ${loss.toFixed(4)}`);
  }
  return lines;
}

const result = (accepted: Accepted): string[] =>
  Object.entries(metricsOf(accepted) ?? {}).map(([name, value]) => `${name} ${value}`);

function complaint(reason: Parameters<typeof phaseOf>[0], message: string): string[] {
  if (reason !== 'user_code' && reason !== 'out_of_memory') return [message];
  return [
    'Traceback (most recent call last):',
    '  File "train.py", line 148, in <module>',
    '    main()',
    '  File "train.py", line 97, in main',
    '    model.fit(features, target)',
    message,
  ];
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
