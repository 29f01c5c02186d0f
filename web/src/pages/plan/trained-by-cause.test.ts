import { expect, it } from 'vitest';
import { trainedByCause } from './trained-by-cause.ts';

it('what is trained is summed by cause; what is kept does not count', () => {
  expect(
    trainedByCause([
      { action: 'train', cause: 'new', count: 14 },
      { action: 'train', cause: 'config', count: 2 },
      { action: 'train', cause: 'config', count: 3 },
      { action: 'skip', cause: 'unchanged', count: 448 },
    ]),
  ).toEqual([
    { cause: 'new', circuits: 14 },
    { cause: 'config', circuits: 5 },
  ]);
});
