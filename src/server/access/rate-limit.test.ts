import { describe, expect, it } from 'vitest';
import { TestClock } from '../../testing/test-clock.ts';
import { rateLimit } from './rate-limit.ts';

const rate = { burst: 3, every_ms: 1000 };

describe('a rate limit', () => {
  it('lets a burst through, then one at a time, and says how long to wait', () => {
    const clock = new TestClock();
    const limit = rateLimit(clock, rate);
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1000]);
    clock.jumpTo(clock.now() + 400);
    expect(limit.take('a')).toBe(600);
    clock.jumpTo(clock.now() + 600);
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 1000]);
    clock.jumpTo(clock.now() + 60_000);
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1000]);
  });

  it('keeps each key to itself', () => {
    const limit = rateLimit(new TestClock(), rate);
    for (let i = 0; i < 5; i++) limit.take('a');
    expect(limit.take('b')).toBe(0);
  });

  it('locks nobody out when the clock is set back', () => {
    const clock = new TestClock();
    const limit = rateLimit(clock, rate);
    for (let i = 0; i < 3; i++) limit.take('a');
    clock.jumpTo(clock.now() - 3600_000);
    expect(limit.take('a')).toBe(1000);
    clock.jumpTo(clock.now() + 1000);
    expect(limit.take('a')).toBe(0);
  });

  it('remembers no more keys than it may', () => {
    const limit = rateLimit(new TestClock(), { burst: 1, every_ms: 1000 }, 10);
    for (let i = 0; i < 11; i++) limit.take(`k${i}`);
    expect(limit.take('k10')).toBe(1000);
    expect(limit.take('k0')).toBe(0);
  });
});
