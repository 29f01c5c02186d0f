import { countJobs, insertJobs, openCount, submitPending } from '../../jobs/index.ts';
import type { Compute, Submission } from '../../jobs/index.ts';
import { appendEvents } from '../../store/index.ts';
import type { JobsTable, Tx } from '../../store/index.ts';
import { writeArtifact } from '../artifacts.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { eachRunCircuit } from './circuits-of-run.ts';
import { writeJobFile } from './job-files.ts';
import { firstFreeName, jobRows } from './job-rows.ts';
import { jobsExist } from '../open-jobs.ts';
import { jobWorld, submissionOf } from './job-world.ts';
import { trainParams } from './params.ts';

const STAGE = 'SubmitTraining';

/**
 * Looks at the whole plan before the first job, writes every job down at once, then hands them over. All rows or none:
 * whoever reads them after a crash sees the whole intent.
 */
export async function submitTraining(context: StageContext): Promise<StageOutcome> {
  if (!(await jobsExist(context.db, context.run.id, STAGE))) {
    if (context.stage.cancel_requested_by !== null)
      return { kind: 'canceled', reason: 'canceled before anything was submitted' };
    const compute = await context.world.compute(trainParams(context.run).provider);
    const rows: JobsTable[] = [];
    const given = new Set<string>();
    for await (const page of eachRunCircuit(context.db, context.run.id, { action: 'train' }))
      rows.push(...(await jobRows(context, page, STAGE, firstFreeName, given)));
    const refused = await preflight(context, compute, rows);
    if (refused !== null)
      return { kind: 'failed', reason: refused, counts: { submitted: 0, refused: rows.length } };
    await context.tx(async (tx) => {
      // Somebody may have taken circuits out of the run while everything was looked at.
      const wanted = await plannedCircuits(tx, context.run.id);
      const left = rows.filter((row) => wanted.has(row.circuit_id));
      await insertJobs(tx, left);
      context.world.faultPoint('jobs.inserted');
      if (left.length > 0) {
        await appendEvents(tx, context.now(), [
          {
            type: 'training.started',
            run_id: context.run.id,
            stage: STAGE,
            message: `Training ${left.length} ${left.length === 1 ? 'circuit' : 'circuits'}`,
            data: { jobs: left.length },
          },
        ]);
      }
    });
  }
  const world = await jobWorld(context);
  await submitPending(world, STAGE);
  await writeChangedCircuits(context);
  await writeJobFile(context, 'training_jobs', STAGE);
  const counts = await countJobs(context.db, context.run.id, STAGE);
  return {
    kind: 'done',
    counts: {
      submitted: openCount(counts) + counts.succeeded,
      refused: counts.failed,
      canceled: counts.canceled,
    },
  };
}

async function plannedCircuits(tx: Tx, run_id: string): Promise<Set<string>> {
  const rows = await tx
    .selectFrom('plan_circuits')
    .select('circuit_id')
    .where('run_id', '=', run_id)
    .where('action', '=', 'train')
    .execute();
  return new Set(rows.map((r) => r.circuit_id));
}

async function preflight(
  context: StageContext,
  compute: Compute,
  rows: readonly JobsTable[],
): Promise<string | null> {
  if (rows.length === 0) return null;
  const submissions: Submission[] = [];
  for (const row of rows) submissions.push(await submissionOf(context, { ...row, status: 'pending' }));
  const { problems, warnings } = await compute.preflight(submissions);
  await context.tx((tx) =>
    appendEvents(tx, context.now(), [
      ...warnings.map((message) => ({
        type: 'preflight.warning',
        severity: 'warning' as const,
        run_id: context.run.id,
        stage: STAGE,
        message,
      })),
      ...problems.map((p) => ({
        type: 'preflight.problem',
        severity: 'error' as const,
        run_id: context.run.id,
        stage: STAGE,
        message: `${p.message} ${p.hint}`,
        data: { kind: p.kind, circuit_ids: p.circuit_ids },
      })),
    ]),
  );
  const [first] = problems;
  if (first === undefined) return null;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more problems)` : '';
  return `nothing was submitted: ${first.message} ${first.hint}${more}`;
}

async function writeChangedCircuits(context: StageContext): Promise<void> {
  const params = trainParams(context.run);
  const details = [];
  for await (const page of eachRunCircuit(context.db, context.run.id)) {
    for (const { row } of page) {
      details.push({
        id: row.circuit_id,
        action: row.action,
        cause: row.cause,
        reason: row.reason,
        training_hash: row.training_hash,
        inputs_digest: row.inputs_digest,
        previous_hash: row.previous_hash,
      });
    }
  }
  await writeArtifact(context, 'changed_circuits', {
    run: context.run.number,
    plan_id: context.run.plan_id,
    detection: params.selected === null ? params.detection.mode : 'manual',
    base_ref: params.detection.base_ref,
    circuits: details.filter((d) => d.action === 'train').map((d) => d.id),
    details,
  });
}
