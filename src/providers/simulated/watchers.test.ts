import { describe, expect, it } from 'vitest';
import { TestClock } from '../../testing/test-clock.ts';
import { Watchers } from './watchers.ts';

/** A clock that counts how many sleeps are open. */
class CountingClock extends TestClock {
  open = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.open += 1;
    await super.sleep(ms, signal);
    this.open -= 1;
  }
}

/** A source whose changes happen at given times. */
function setUp(times: readonly number[]) {
  const clock = new CountingClock(0);
  let extra = 0;
  const watchers = new Watchers({
    clock,
    look: () => ({
      changes: extra + times.filter((t) => t <= clock.now()).length,
      next_at: times.find((t) => t > clock.now()) ?? null,
    }),
  });
  const calls: number[] = [];
  const change = (): void => {
    extra += 1;
    watchers.arm();
  };
  return { clock, watchers, calls, change, watch: () => watchers.add(() => calls.push(clock.now())) };
}

describe('Watchers', () => {
  it('calls back at the next change and no more often than twenty times a second', async () => {
    const { clock, calls, watch } = setUp(Array.from({ length: 1000 }, (_, i) => 500 + i));
    watch();
    await clock.advance(499);
    expect(calls).toEqual([]);
    await clock.advance(2000);
    expect(calls.slice(0, 3)).toEqual([500, 550, 600]);
    expect(calls.length).toBeLessThanOrEqual(21);
    expect(calls.at(-1)).toBeGreaterThanOrEqual(1499);
  });

  it('keeps one timer, and none while nobody watches or nothing is due', async () => {
    const { clock, watchers, watch, change } = setUp([100, 200]);
    expect(clock.open).toBe(0);
    watch()();
    await clock.advance(0);
    expect(clock.open).toBe(0);
    const stops = [watch(), watch(), watch()];
    expect(clock.open).toBe(1);
    for (let i = 0; i < 10; i++) change();
    await clock.advance(0);
    expect(clock.open).toBe(1);
    await clock.advance(1000);
    expect(clock.open).toBe(0);
    change();
    for (const stop of stops) stop();
    await clock.advance(1000);
    expect(clock.open).toBe(0);
    watchers.close();
  });

  it('calls back for a change that came from outside, at once', async () => {
    const { clock, calls, watch, change } = setUp([]);
    watch();
    await clock.advance(300);
    change();
    await clock.advance(0);
    expect(calls).toEqual([300]);
  });

  it('says nothing of what was before the watching began, and nothing after it ended', async () => {
    const { clock, calls, watch, change } = setUp([50, 400]);
    change();
    await clock.advance(100);
    const stop = watch();
    await clock.advance(200);
    expect(calls).toEqual([]);
    stop();
    await clock.advance(500);
    expect(calls).toEqual([]);
  });
});
