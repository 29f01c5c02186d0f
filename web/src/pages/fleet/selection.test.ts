import { describe, expect, it } from 'vitest';
import { NOTHING, add, extend, prune, toggle } from './selection.ts';

const order = ['a', 'b', 'c', 'd', 'e'];

describe('a selection', () => {
  it('takes and lets go one at a time', () => {
    const one = toggle(NOTHING, 'b');
    expect([...one.ids]).toEqual(['b']);
    expect([...toggle(one, 'b').ids]).toEqual([]);
    expect(NOTHING.ids.size).toBe(0);
  });

  it('goes from the last one that was picked to the one with Shift, either way', () => {
    expect([...extend(toggle(NOTHING, 'b'), 'd', order).ids]).toEqual(['b', 'c', 'd']);
    expect([...extend(toggle(NOTHING, 'd'), 'b', order).ids].toSorted()).toEqual(['b', 'c', 'd']);
  });

  it('keeps what was picked before a range, and where it began', () => {
    const two = extend(toggle(toggle(NOTHING, 'a'), 'c'), 'd', order);
    expect([...two.ids].toSorted()).toEqual(['a', 'c', 'd']);
    expect([...extend(two, 'e', order).ids].toSorted()).toEqual(['a', 'c', 'd', 'e']);
    expect(two.anchor).toBe('c');
  });

  it('takes one alone where its beginning is out of sight', () => {
    expect([...extend(NOTHING, 'c', order).ids]).toEqual(['c']);
    expect([...extend(toggle(NOTHING, 'z'), 'c', order).ids].toSorted()).toEqual(['c', 'z']);
    expect(extend(NOTHING, 'z', order).ids.size).toBe(0);
  });

  it('takes all that are shown, and loses what is no circuit any more', () => {
    const all = add(toggle(NOTHING, 'a'), ['b', 'c']);
    expect(all.ids.size).toBe(3);
    expect([...prune(all, (id) => id !== 'b').ids]).toEqual(['a', 'c']);
    expect(prune(all, () => true)).toBe(all);
  });
});
