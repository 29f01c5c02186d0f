import { expect, it } from 'vitest';
import { circuitsText, readCircuits } from './circuits-text.ts';

it('circuits may be pasted in any form, each counts once', () => {
  expect(readCircuits('a_1, b_2\n  a_1\tplant/3,,seattle_* ')).toEqual([
    'a_1',
    'b_2',
    'plant/3',
    'seattle_*',
  ]);
  expect(readCircuits('  \n')).toEqual([]);
  expect(readCircuits(circuitsText(['a_1', 'b_2']))).toEqual(['a_1', 'b_2']);
});
