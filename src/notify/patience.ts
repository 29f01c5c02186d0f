import { backoff } from '../kernel/backoff.ts';
import type { NotifyWorld } from './world.ts';

/** The pause after so many failures: doubling, and spread out so that not everything is tried again at one moment. */
export function pauseAfter(
  { timing, random }: Pick<NotifyWorld, 'timing' | 'random'>,
  failures: number,
): number {
  const most = backoff(Math.max(0, failures - 1), timing.first_delay_ms, timing.longest_delay_ms);
  return Math.round(most * (0.5 + random() / 2));
}
