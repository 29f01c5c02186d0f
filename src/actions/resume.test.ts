import { expect, it } from 'vitest';
import { person } from '../testing/test-rows.ts';
import { testWorld } from '../testing/test-world.ts';
import { resumeRun } from './resume.ts';

it('of a run that is over leads on to what goes instead, of its kind', async () => {
  await using w = await testWorld();
  const { db } = w.project.store;
  const run = await w.run({ approve: ['all'] });
  const hintOf = async (as: {
    status?: 'failed';
    rehearsal?: 0 | 1;
    pipeline?: string;
  }): Promise<unknown> => {
    await db
      .updateTable('runs')
      .set({ reason: null, ...as })
      .where('id', '=', run.id)
      .execute();
    return resumeRun(w.project, await w.again(run), person('ann')).catch(
      (error: { readonly hint?: string }) => error.hint,
    );
  };
  expect(await hintOf({})).toBe('Start a new one with `trainyard run`.');
  expect(await hintOf({ status: 'failed' })).toMatch(/trainyard run --include-failed$/);
  expect(await hintOf({ rehearsal: 1 })).toMatch(/`trainyard run --provider simulated`/);
  expect(await hintOf({ rehearsal: 0, pipeline: 'scripts' })).toMatch(/`trainyard scripts`; with --resume/);
  await db.updateTable('stages').set({ status: 'failed' }).where('name', '=', 'SubmitTraining').execute();
  expect(await hintOf({ pipeline: 'train' })).toMatch(/^Put right what SubmitTraining says/);
});
