import { expect, it } from 'vitest';
import { shownColumns } from './shown-columns.ts';

const COLUMNS = [
  { key: 'run', width: '56px' },
  { key: 'jobs', width: 'minmax(136px, 1.2fr)', from: 480 },
  { key: 'line', width: '152px', from: 640 },
  { key: 'started', width: '96px' },
  { key: 'took', width: '88px', from: 480 },
];
const shown = (width_px: number): string[] => shownColumns(COLUMNS, width_px, 16).map(({ key }) => key);

it('a table shows the columns that are meant for its width', () => {
  expect(shown(400)).toEqual(['run', 'started']);
  expect(shown(Number.POSITIVE_INFINITY)).toEqual(['run', 'jobs', 'line', 'started', 'took']);
});

it('a column for which there is no room gives way, of those meant for wider tables first', () => {
  // All of them take 56 + 136 + 152 + 96 + 88 and six gaps of 16.
  expect(shown(624)).toEqual(['run', 'jobs', 'started', 'took']);
  expect(shown(640)).toEqual(['run', 'jobs', 'line', 'started', 'took']);
  const wide = COLUMNS.map((column) => ({ ...column, width: '140px' }));
  expect(shownColumns(wide, 600, 16).map(({ key }) => key)).toEqual(['run', 'jobs', 'started']);
});

it('what stands in every table stays, however narrow it is', () => {
  expect(shown(100)).toEqual(['run', 'started']);
});
