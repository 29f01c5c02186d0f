import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { storeExists } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import { RESUME, RUN, WHOLE, books } from './whole-run.ts';

it.each([1, 2, 3, 4])('A run goes on after kill -9 at any time, again and again (seed %i)', async (seed) => {
  await using project = TestProject.create({ max_retries: 1 });
  let state = seed;
  let killed = 0;
  for (let round = 0; round < 3; round++) {
    // A plain congruential generator: the same moments every time, as far as the machine allows.
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const running = project.start((await wasBegun(project)) ? RESUME : RUN);
    await running.says(/Plan: 8 to train|Going on with run 1|Nothing to resume/);
    await sleep(state % 250);
    running.kill('SIGKILL');
    if ((await running.ended).signal === 'SIGKILL') killed++;
  }
  expect(killed).toBeGreaterThan(0);
  await project.ok((await wasBegun(project)) ? RESUME : RUN);
  const { facts, started } = await books(project);
  expect(started.filter((entry) => entry.started !== 1)).toEqual([]);
  expect(started.map((entry) => entry.key).toSorted()).toEqual(facts.attempts);
  // A kill in the middle of a file leaves its unfinished twin behind, under a name that nobody reads.
  expect({ ...facts, leftovers: [] }).toEqual(WHOLE);
  expect((await project.ok(['plan', '--json'])).json()).toMatchObject({ summary: { train: 0, skip: 8 } });
});

async function wasBegun(project: TestProject): Promise<boolean> {
  if (!storeExists(project.state)) return false;
  return project.rows(async (store) => (await store.db.selectFrom('runs').select('id').execute()).length > 0);
}
