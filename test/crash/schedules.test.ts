import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import { SCHEDULE_POINTS } from './points.ts';

const WORKER = ['worker', '--until-idle'];

/** A schedule whose time has come, however late it is. */
async function dueProject(): Promise<TestProject> {
  const project = TestProject.create({
    circuits: ['kiln_1', 'kiln_2'],
    settings: 'schedules: {hourly: {cron: "0 * * * *", catch_up: once, run: {approve: [all]}}}\n',
  });
  // A worker has to have seen it once; then it was away for a while.
  await project.ok(WORKER);
  const store = await openStore(project.state);
  await store.db.updateTable('schedules').set({ decided_until: '2026-01-01T00:00:00.000Z' }).execute();
  await store.close();
  return project;
}

const books = (project: TestProject) =>
  project.rows(async ({ db }) => ({
    firings: (await db.selectFrom('schedule_firings').select(['outcome', 'run_number']).execute()).map(
      (f) => `${f.outcome} ${f.run_number}`,
    ),
    runs: (
      await db
        .selectFrom('runs')
        .select(['number', 'status', 'requested_by'])
        .where('parent_run_id', 'is', null)
        .execute()
    ).map((r) => `${r.number} ${r.status} ${r.requested_by}`),
    events: (await db.selectFrom('events').select('type').where('type', '=', 'schedule.fired').execute())
      .length,
    jobs: (await db.selectFrom('jobs').select('circuit_id').orderBy('circuit_id').execute()).map(
      (j) => j.circuit_id,
    ),
  }));

describe('a schedule whose worker is killed while it fires', () => {
  it.each(SCHEDULE_POINTS)('has fired exactly once after SIGKILL at %s and a restart', async (point) => {
    await using project = await dueProject();
    const killed = await project.trainyard(WORKER, { env: { TRAINYARD_FAULT: point } });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    await project.ok(WORKER);
    await project.ok(WORKER);
    expect(await books(project)).toEqual({
      firings: ['started 1'],
      runs: ['1 succeeded schedule:hourly'],
      events: 1,
      jobs: ['kiln_1', 'kiln_2'],
    });
  });
});
