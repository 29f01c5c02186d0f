import { describe, expect, it } from 'vitest';
import { NOTHING, add, extend, standing, toggle } from './selection.ts';

const ORDER = ['a', 'b', 'c', 'd', 'e'];
const chosen = (...names: string[]) => add(NOTHING, names);

describe('a selection', () => {
  it('takes one and lets it go again', () => {
    const one = toggle(NOTHING, 'b');
    expect([...one.names]).toEqual(['b']);
    expect(toggle(one, 'b').names.size).toBe(0);
  });

  it('takes a range in either direction, beside what was chosen before', () => {
    expect([...extend(toggle(NOTHING, 'b'), 'd', ORDER).names].toSorted()).toEqual(['b', 'c', 'd']);
    expect([...extend(toggle(chosen('e'), 'c'), 'a', ORDER).names].toSorted()).toEqual(['a', 'b', 'c', 'e']);
  });

  it('takes one alone where the range begins nowhere that is shown', () => {
    expect([...extend(NOTHING, 'c', ORDER).names]).toEqual(['c']);
    expect([...extend(toggle(NOTHING, 'gone'), 'c', ORDER).names]).toEqual(['gone', 'c']);
  });
});

describe('what can be decided of a selection', () => {
  const rows = (...all: [subject: string, verdict?: string, held_because?: string][]) =>
    new Map(
      all.map(([subject, verdict = 'pending', held_because = null]) => [subject, { verdict, held_because }]),
    );
  const none = { open: [], held_back: [], on_hold: [], settled: 0 };

  it('leaves out what was approved or rejected meanwhile, and tells how many', () => {
    const known = rows(['a'], ['b', 'approve'], ['c', 'reject'], ['e']);
    expect(standing(['a', 'b', 'c'], known)).toEqual({ ...none, open: ['a'], settled: 2 });
  });

  it('sets apart what a quality gate holds back', () => {
    expect(standing(['a', 'b'], rows(['a', 'pending', 'mae is 12'], ['b']))).toEqual({
      ...none,
      open: ['b'],
      held_back: ['a'],
    });
  });

  it('sets apart what somebody holds, also where a quality gate does so too', () => {
    const known = rows(['a', 'hold', 'mae is 12'], ['b', 'hold'], ['c']);
    expect(standing(['a', 'b', 'c'], known)).toEqual({ ...none, open: ['c'], on_hold: ['a', 'b'] });
  });

  it('keeps what nothing is known of', () => {
    expect(standing(['a', 'z'], rows(['a'])).open).toEqual(['a', 'z']);
  });
});
