import { expect, it } from 'vitest';
import { flag, oneOf, searchOf, text, whole } from './search.ts';

it('reads what it knows of an address, and leaves out the rest and what is blank', () => {
  const read = searchOf({
    q: text,
    plant: text,
    state: oneOf(['good', 'new']),
    line: whole,
    rehearsal: flag,
  });
  expect(read({ q: ' kiln  1 ', plant: ' ', state: 'old', line: '7', other: 'x' })).toEqual({
    q: 'kiln  1',
    line: 7,
  });
  expect(read({ q: '', state: 'new', line: '-7', rehearsal: 'true' })).toEqual({
    state: 'new',
    rehearsal: true,
  });
});
