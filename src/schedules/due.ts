import { lastTime, nextTime } from '../kernel/cron.ts';

/** When a schedule comes, and what a time is worth that was missed. */
export interface Times {
  readonly cron: string;
  readonly timezone: string;
  readonly catch_up: 'none' | 'once';
}

/** So late a time still counts as met: planning others, a restart and a busy machine take a moment. */
const GRACE_MS = 5 * 60_000;

/** The latest time of a schedule that nobody has dealt with. */
export interface Due {
  readonly slot: number;
  /** `missed`: nothing ran when it came, and it is not made up for. */
  readonly verdict: 'fire' | 'missed';
  readonly late_s: number;
}

/**
 * What is due at `now` of a schedule that was dealt with up to `decided_until`. Of several times that have passed only
 * the latest is left: who was away for a week finds one training, not seven.
 */
export function dueSlot(times: Times, decided_until: number, now: number): Due | null {
  const slot = lastTime(times.cron, times.timezone, now);
  if (slot === null || slot <= decided_until) return null;
  const met = now - slot <= GRACE_MS || times.catch_up === 'once';
  return { slot, verdict: met ? 'fire' : 'missed', late_s: (now - slot) / 1000 };
}

/** When something is due next; it may have passed already. */
export const nextDue = (times: Times, decided_until: number): number | null =>
  nextTime(times.cron, times.timezone, decided_until);

/** The next so many times after `after`. */
export function nextTimes(times: Times, after: number, count: number): number[] {
  const found: number[] = [];
  for (let at: number | null = after; found.length < count;) {
    at = nextTime(times.cron, times.timezone, at);
    if (at === null) break;
    found.push(at);
  }
  return found;
}
