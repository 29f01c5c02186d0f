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
  const row = (subject: string, verdict = 'pending', held_because: string | null = null) => ({
    subject,
    verdict,
    held_because,
  });

  it('leaves out what was approved or rejected meanwhile, and tells how many', () => {
    const rows = [row('a'), row('b', 'approve'), row('c', 'reject'), row('d', 'hold'), row('e')];
    expect(standing(chosen('a', 'b', 'c', 'd'), rows)).toEqual({
      open: ['a', 'd'],
      held_back: [],
      settled: 2,
    });
  });

  it('sets apart what a quality gate holds back', () => {
    expect(standing(chosen('a', 'b'), [row('a', 'pending', 'mae is 12'), row('b')])).toEqual({
      open: ['b'],
      held_back: ['a'],
      settled: 0,
    });
  });

  it('keeps what the filter hides', () => {
    expect(standing(chosen('a', 'z'), [row('a')]).open).toEqual(['a', 'z']);
  });
});
