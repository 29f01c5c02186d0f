import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../jobs/compute.ts';
import type { LedgerLine } from './attempt.ts';
import { RunBook } from './run-book.ts';
import { testAccepted } from './test-submissions.ts';

const AT = 1_000_000;
const RANK = { none: -1, queued: 0, preparing: 1, running: 2, succeeded: 3, failed: 3, canceled: 3 };

const bookOf = (lines: readonly LedgerLine[]): RunBook => {
  const book = new RunBook();
  for (const line of lines) book.apply(line);
  return book;
};
const many = (
  count: number,
  changes: (n: number) => Partial<ReturnType<typeof testAccepted>>,
): LedgerLine[] => Array.from({ length: count }, (_, n) => testAccepted(n, changes(n)));

/** Takes what changed, as a caller with a cursor does. */
function follow(book: RunBook): (now: number) => Observation[] {
  let position = 0;
  return (now) => {
    const observations = book.observe(position, now);
    position = book.position;
    return observations;
  };
}

describe('RunBook', () => {
  it('tells each change once to a caller that follows it', () => {
    const look = follow(bookOf([testAccepted(1), testAccepted(2, { at: AT + 1000 })]));
    expect(look(AT).map((o) => o.state)).toEqual(['queued', 'queued']);
    expect(look(AT + 199)).toEqual([]);
    expect(look(AT + 200)).toMatchObject([{ key: 'key-1', state: 'preparing' }]);
    expect(look(AT + 201)).toEqual([]);
    expect(look(AT + 3600).map((o) => [o.key, o.state])).toEqual([
      ['key-1', 'succeeded'],
      ['key-2', 'running'],
    ]);
    expect(look(AT + 99_999)).toMatchObject([{ key: 'key-2', state: 'succeeded' }]);
    expect(look(AT + 999_999)).toEqual([]);
  });

  it('tells a caller that was away only how things are now', () => {
    const book = bookOf([testAccepted(1), testAccepted(2)]);
    const look = follow(book);
    look(AT);
    for (let ms = 0; ms < 600; ms += 50) book.advance(AT + ms);
    book.apply({ kind: 'canceled', key: 'key-2', at: AT + 600 });
    expect(look(AT + 600).map((o) => [o.key, o.state])).toEqual([
      ['key-1', 'running'],
      ['key-2', 'canceled'],
    ]);
    expect(look(AT + 9000)).toMatchObject([{ key: 'key-1', state: 'succeeded' }]);
  });

  it('says when the next change comes, and null once nothing is going on', () => {
    const book = bookOf([testAccepted(1), testAccepted(2)]);
    expect(book.advance(AT)).toBe(AT + 200);
    expect(book.advance(AT + 200)).toBe(AT + 500);
    book.apply({ kind: 'canceled', key: 'key-1', at: AT + 300 });
    expect(book.advance(AT + 500)).toBe(AT + 3500);
    book.apply({ kind: 'canceled', key: 'key-2', at: AT + 600 });
    expect(book.advance(AT + 600)).toBeNull();
  });

  it('brings 10,000 attempts through with work that follows the changes, not the number of looks', () => {
    const book = bookOf(many(10_000, (n) => ({ run_s: 10 + n })));
    const look = follow(book);
    let told = 0;
    let looks = 0;
    for (let now = AT; book.advance(now) !== null; now += 50, looks++) told += look(now).length;
    expect(looks).toBeGreaterThan(20_000);
    expect(told).toBeLessThanOrEqual(4 * 10_000);
    // Each of the three changes takes a look when it is due and one when it is told, and the acceptance one more.
    expect(book.touched).toBeLessThanOrEqual(7 * 10_000);
    expect(book.observe(0, AT + 1e9).every((o) => o.state === 'succeeded')).toBe(true);
  });

  it('touches no attempt while 10,000 wait', () => {
    const book = bookOf(many(10_000, () => ({ queue_s: 1e6 })));
    const look = follow(book);
    look(AT);
    const before = book.touched;
    for (let i = 0; i < 1000; i++) look(AT + i);
    expect(book.touched).toBe(before);
  });

  it('gives out no more slots than there are, first come, first served', () => {
    const book = bookOf(many(5, (n) => ({ slots: 2, queue_s: 0, prepare_s: 0, run_s: n === 0 ? 50 : 10 })));
    const begins = book.observe(0, AT + 1e6).map((o) => Date.parse(o.running_at ?? '') - AT);
    expect(begins).toEqual([0, 0, 1000, 2000, 3000]);
  });

  it('hands the slot of a canceled attempt to the next in line at that moment', () => {
    const book = bookOf(many(4, () => ({ slots: 1, queue_s: 0, prepare_s: 0, run_s: 10 })));
    book.apply({ kind: 'canceled', key: 'key-2', at: AT + 100 });
    book.apply({ kind: 'canceled', key: 'key-0', at: AT + 400 });
    expect(book.observe(0, AT + 1e6).map((o) => [o.state, o.running_at])).toEqual([
      ['canceled', new Date(AT).toISOString()],
      ['succeeded', new Date(AT + 400).toISOString()],
      ['canceled', null],
      ['succeeded', new Date(AT + 1400).toISOString()],
    ]);
  });

  it('begins nobody in the past when a canceled attempt had been promised a slot for later', () => {
    // The first holds the only slot to 1 s; the second would queue to 5 s, the third only to 1 s.
    const queues = [0, 50, 10];
    const book = bookOf(many(3, (n) => ({ slots: 1, queue_s: queues[n] ?? 0, prepare_s: 0, run_s: 10 })));
    expect(book.observe(0, AT + 3000).map((o) => o.state)).toEqual(['succeeded', 'queued', 'queued']);
    book.apply({ kind: 'canceled', key: 'key-1', at: AT + 3000 });
    const third = book.observe(0, AT + 1e6)[2];
    expect(Date.parse(third?.running_at ?? '')).toBeGreaterThanOrEqual(AT + 3000);
  });

  const accept = fc.record({
    do: fc.constant('accept' as const),
    run_s: fc.oneof({ weight: 4, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.constant(null) }),
    queue_s: fc.nat(40),
  });
  const cancel = fc.record({ do: fc.constant('cancel' as const), which: fc.nat(12) });
  const pass = fc.record({ do: fc.constant('pass' as const), ms: fc.nat(3000) });
  const plots = fc.array(fc.oneof(accept, accept, cancel, pass), { maxLength: 60 });
  const slots = fc.option(fc.integer({ min: 1, max: 4 }));

  it('takes back nothing that was seen, whatever is accepted, canceled and freed', () => {
    fc.assert(
      fc.property(plots, slots, (plot, limit) => {
        const book = new RunBook();
        const look = follow(book);
        const lines: LedgerLine[] = [];
        const followed = new Map<string, Observation>();
        let seen: readonly Observation[] = [];
        let now = AT;
        const take = (line: LedgerLine): void => {
          lines.push(line);
          book.apply(line);
        };
        for (const step of plot) {
          if (step.do === 'pass') now += step.ms;
          else if (step.do === 'accept') {
            const { run_s, queue_s } = step;
            take(testAccepted(lines.length, { at: now, slots: limit, run_s, queue_s }));
          } else {
            // As the provider does: what is over is not canceled.
            const victim = seen[step.which];
            if (victim !== undefined && RANK[victim.state] < 3) {
              take({ kind: 'canceled', key: victim.key, at: now });
            }
          }
          for (const o of look(now)) {
            // Who is told something is told something new.
            expect(RANK[o.state]).toBeGreaterThan(RANK[followed.get(o.key)?.state ?? 'none']);
            followed.set(o.key, o);
          }
          const all = book.observe(0, now);
          expect(all.map((o) => o.state)).toEqual(all.map((o) => followed.get(o.key)?.state));
          for (const [i, before] of seen.entries()) expectLater(all[i], before);
          const held = all.filter((o) => o.state === 'preparing' || o.state === 'running');
          if (limit !== null) expect(held.length).toBeLessThanOrEqual(limit);
          seen = all;
        }
        // Who reads the ledger from its start sees the same.
        expect(bookOf(lines).observe(0, now)).toEqual(seen);
        expect(book.advance(now + 1e9)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

function expectLater(after: Observation | undefined, before: Observation): void {
  if (after === undefined) throw new Error(`${before.key} is known no more`);
  expect(RANK[after.state]).toBeGreaterThanOrEqual(RANK[before.state]);
  if (RANK[before.state] === 3) expect(after).toEqual(before);
  if (before.running_at !== null) expect(after.running_at).toBe(before.running_at);
  for (const clock of ['queued_s', 'preparing_s', 'running_s'] as const) {
    expect(after[clock]).toBeGreaterThanOrEqual(before[clock]);
  }
}
