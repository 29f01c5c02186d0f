import { expect, it } from 'vitest';
import { settingLines } from './setting-lines.ts';

it('a setting is told line by line with its key in the file, and plain lists in one line', () => {
  const gates = { 'training-retry': { approvers: ['ada', '@ml'], required: 1 }, none: {} };
  expect(settingLines('gates', gates).map(({ key, depth, heading }) => [key, depth, heading])).toEqual([
    ['gates', 0, true],
    ['gates.training-retry', 1, true],
    ['gates.training-retry.approvers', 2, false],
    ['gates.training-retry.required', 2, false],
    ['gates.none', 1, false],
  ]);
});

it('a list of settings is told part by part', () => {
  const lines = settingLines('routes', [{ events: ['run.*'], share: { $float: '0.5' } }]);
  expect(lines.map(({ key }) => key)).toEqual(['routes', 'routes.0', 'routes.0.events', 'routes.0.share']);
});
