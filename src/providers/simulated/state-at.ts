import type { Observation, Usage } from '../../jobs/compute.ts';
import { toIso } from '../../kernel/clock.ts';
import type { Accepted, Attempt, Cut } from './attempt.ts';
import { luck } from './chance.ts';
import type { Failure } from './failures.ts';

/** What the simulation says of an attempt at a moment: a function of the ledger and nothing else. */
export function stateAt(attempt: Attempt, now: number): Observation {
  const { accepted, starts_at } = attempt;
  const { running_at, over_at, cut } = timesOf(attempt);
  const until = Math.max(accepted.at, Math.min(now, over_at));
  const hasRun = running_at !== null && running_at <= until;
  const running_s = hasRun ? phaseClock(accepted, running_at, accepted.run_s ?? 0, until) : 0;
  const base = {
    key: accepted.key,
    submitted_at: toIso(accepted.at),
    running_at: hasRun ? toIso(running_at) : null,
    queued_s: virtualSeconds(accepted, Math.min(until, starts_at) - accepted.at),
    preparing_s: phaseClock(accepted, starts_at, accepted.prepare_s, until),
    running_s,
    usage: hasRun ? usageOf(accepted, running_s) : NO_USAGE,
    url: null,
  };
  if (now < over_at)
    return { ...base, state: hasRun ? 'running' : now >= starts_at ? 'preparing' : 'queued' };
  const ended_at = toIso(over_at);
  if (cut === 'canceled') return { ...base, state: 'canceled', ended_at };
  const failure = cut === 'lost' ? LOST : accepted.failure;
  if (failure !== null) return { ...base, state: 'failed', ...failure, ended_at };
  return { ...base, state: 'succeeded', exit_code: 0, ended_at };
}

/** The moments of an attempt's life, in milliseconds since 1970; `running_at` is null where it never comes to run. */
export function timesOf(attempt: Attempt): {
  running_at: number | null;
  over_at: number;
  cut: Cut['kind'] | null;
} {
  const { accepted, starts_at } = attempt;
  const prepared = starts_at + realMs(accepted, accepted.prepare_s);
  const natural = endOf(accepted, starts_at);
  const cut = attempt.cut !== null && attempt.cut.at < natural ? attempt.cut : null;
  const over_at = cut?.at ?? natural;
  const running_at = accepted.run_s !== null && (cut === null || prepared < over_at) ? prepared : null;
  return { running_at, over_at, cut: cut?.kind ?? null };
}

/** When an attempt that begins at `starts_at` would end by itself. */
export const endOf = (accepted: Accepted, starts_at: number): number =>
  starts_at + realMs(accepted, accepted.prepare_s) + realMs(accepted, accepted.run_s ?? 0);

/** The next moment after `now` at which the state changes; null once the attempt is over. */
export function nextChange(attempt: Attempt, now: number): number | null {
  const { running_at, over_at } = timesOf(attempt);
  if (now >= over_at) return null;
  if (now < attempt.starts_at) return Math.min(attempt.starts_at, over_at);
  return running_at !== null && now < running_at ? running_at : over_at;
}

/** Milliseconds of our time for virtual seconds. */
export const realMs = (accepted: Accepted, virtual_s: number): number => (virtual_s * 1000) / accepted.speed;

/** Virtual seconds for milliseconds of ours, to the millisecond. */
const virtualSeconds = (accepted: Accepted, ms: number): number => Math.round(ms * accepted.speed) / 1000;

/** Virtual seconds of a phase by `until`; exactly its length once it is over. */
function phaseClock(accepted: Accepted, from: number, length_s: number, until: number): number {
  if (until >= from + realMs(accepted, length_s)) return length_s;
  if (until <= from) return 0;
  return Math.min(length_s, virtualSeconds(accepted, until - from));
}

const LOST: Failure = {
  reason: 'lost',
  message: 'The machine went away, and the attempt with it.',
  exit_code: null,
};

const NO_USAGE: Usage = { cpu_s: null, peak_memory_mib: null };

function usageOf(accepted: Accepted, running_s: number): Usage {
  const next = luck(accepted.draw + 1);
  return {
    cpu_s: Math.round(running_s * (0.8 + 0.2 * next()) * 1000) / 1000,
    peak_memory_mib: Math.round(180 + 1200 * next()),
  };
}
