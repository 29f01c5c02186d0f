import { afterEach, expect, it, vi } from 'vitest';
import { ApiError } from '../client/index.ts';
import { lineTeller } from './on-server.ts';

afterEach(() => void vi.restoreAllMocks());

it('a line that is down is told once, however often it is tried, and when it stands again', () => {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (told.push(String(text)), true));
  const error = new ApiError({
    title: 'gone',
    status: 0,
    code: 'unreachable',
    detail: 'Nobody answers at http://127.0.0.1:1 (ECONNREFUSED).',
    hint: null,
    problems: [],
    request_id: null,
  });
  const tell = lineTeller();
  tell({ kind: 'open' });
  for (let i = 0; i < 1000; i++) tell({ kind: 'lost', error });
  tell({ kind: 'open' });
  tell({ kind: 'changed', what: ['schedules'] });
  tell({ kind: 'lost', error });
  const down =
    'The line to the server is down (Nobody answers at http://127.0.0.1:1 (ECONNREFUSED)); trying again …\n';
  expect(told).toEqual([down, 'The line to the server stands again.\n', down]);
});
