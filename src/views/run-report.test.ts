import { afterEach, describe, expect, it } from 'vitest';
import { batches } from '../store/index.ts';
import type { JobsTable } from '../store/index.ts';
import { jobRow } from '../testing/test-rows.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { runReport } from './run-report.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

/** A run with these jobs. */
async function withJobs(rows: readonly JobsTable[]) {
  const w = await testWorld({ circuits: 'circuits: []\n' });
  open.push(w);
  const run = await w.start();
  await w.project.store.tx(async (tx) => {
    for (const some of batches(rows, 250))
      await tx
        .insertInto('jobs')
        .values(some.map((row) => ({ ...row, run_id: run.id })))
        .execute();
  });
  return { w, run };
}

const retry = (circuit: string, more: Partial<JobsTable>): JobsTable =>
  jobRow(`${circuit}_retry`, { circuit_id: circuit, stage: 'RetryFailedTraining', retry: 1, ...more });

describe('the report of a run', () => {
  it('counts as failed what no retry mended, by its newest job', async () => {
    const { w, run } = await withJobs([
      jobRow('a', { status: 'failed', message: 'no' }),
      jobRow('b', { status: 'failed', message: 'no' }),
      jobRow('c', { status: 'failed', optional: 1 }),
      jobRow('d', { status: 'failed', message: 'is tried again' }),
      jobRow('e', { status: 'succeeded' }),
      retry('a', { id: 'job_r1', status: 'succeeded' }),
      retry('b', { id: 'job_r2', status: 'failed', message: 'no again', attempt: 2 }),
      retry('d', { id: 'job_r3', status: 'running' }),
    ]);
    const report = await runReport(w.project, run);
    expect(report.failures).toMatchObject([
      { circuit: 'b', job: 'b_retry', attempts: 2, message: 'no again', cause: 'no again', optional: false },
      { circuit: 'c', job: 'c', attempts: 1, message: null, optional: true },
      { circuit: 'd', job: 'd', attempts: 1, message: 'is tried again', optional: false },
    ]);
    expect(report).toMatchObject({
      has_training_failures: true,
      jobs: { failed: 5, succeeded: 2, running: 1 },
    });
  });

  it('is about some of its jobs where only these are asked for', async () => {
    const { w, run } = await withJobs([
      jobRow('a', { status: 'failed' }),
      jobRow('b', { status: 'failed' }),
      retry('a', { id: 'job_r1', status: 'succeeded' }),
    ]);
    const report = await runReport(w.project, run, new Set(['job_a', 'job_r1']));
    expect(report.failures.map((f) => f.job)).toEqual(['a']);
    const mended = await runReport(w.project, run, new Set(['job_r1']));
    expect(mended).toMatchObject({ has_training_failures: false, failures: [] });
  });

  it('remembers that the training failed once a retry has mended everything', async () => {
    const { w, run } = await withJobs([
      jobRow('a', { status: 'failed' }),
      retry('a', { id: 'job_r1', status: 'succeeded' }),
    ]);
    await w.project.store.db
      .updateTable('stages')
      .set({ status: 'succeeded', output: '{"has_training_failures": true}' })
      .where('name', '=', 'MonitorTraining')
      .execute();
    expect(await runReport(w.project, run)).toMatchObject({ has_training_failures: true, failures: [] });
  });
});
