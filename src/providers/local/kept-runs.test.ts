import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Books } from './books.ts';
import { LocalRuns } from './kept-runs.ts';
import { processId } from './owner.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'trainyard-kept-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(state, path, '..'), { recursive: true });
  writeFileSync(join(state, path), text);
};
/** An owner that had attempts of these runs. */
const owner = (id: string, runs: readonly string[], who: unknown): void => {
  write(`launchers/${id}/journal.jsonl`, '{"e":"closed","at":1}\n');
  write(`launchers/${id}/orchestrator.json`, JSON.stringify(who));
  for (const run of runs) write(`launchers/${id}/runs/${run}`, '');
};
const DEAD = { pid: 999_999_999, start: '1', boot: 'none' };

it('journals go once nobody lives who writes them and all runs they tell of are removed', async () => {
  write('jobs/run_1/a/log', 'one\n');
  write('jobs/run_2/b/log', 'two\n');
  owner('20260101_old', ['run_1'], DEAD);
  owner('20260102_both', ['run_1', 'run_2'], DEAD);
  owner('20260103_mine', ['run_1'], processId(process.pid));
  const kept = new LocalRuns(new Books(state));
  expect(await kept.runs()).toEqual(['run_1', 'run_2']);
  expect(await kept.size('run_1')).toEqual({ files: 1, bytes: 4 });
  expect(await kept.removeRest({ dry_run: false, without: new Set() })).toEqual({ files: 0, bytes: 0 });
  const would = await kept.removeRest({ dry_run: true, without: new Set(['run_1']) });
  expect(would.files).toBe(3);
  expect(readdirSync(join(state, 'launchers'))).toHaveLength(3);
  await kept.remove('run_1');
  expect(await kept.removeRest({ dry_run: false, without: new Set() })).toEqual(would);
  expect(readdirSync(join(state, 'launchers'))).toEqual(['20260102_both', '20260103_mine']);
  await kept.remove('run_2');
  await kept.removeRest({ dry_run: false, without: new Set() });
  expect(readdirSync(join(state, 'launchers'))).toEqual(['20260103_mine']);
  expect(existsSync(join(state, 'jobs/run_2'))).toBe(false);
});
