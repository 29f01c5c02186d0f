import { attemptKey, eachJob, metricsOf } from '../../jobs/index.ts';
import type { Job } from '../../jobs/index.ts';
import { ProviderError } from '../../kernel/errors.ts';
import type { RegisterRequest } from '../../registry/index.ts';
import { appendEvents } from '../../store/index.ts';
import type { NewEvent } from '../../store/index.ts';
import type { StageContext } from '../pipeline.ts';
import { modelOutputOf, thaw } from '../../fleet/index.ts';
import { trainParams } from './params.ts';
import { findComponent } from './run-assets.ts';

/** Outputs are opened this many at a time. */
const AT_ONCE = 8;

/**
 * Registers the model of every job of a stage that succeeded: one version per job, however often this is called. A
 * model that the registry cannot take (a file name that leaves its folder, a file that cannot be read) is its circuit's
 * failure, offered at the retry gate like any other; it holds up nobody else's.
 * Returns how many are registered, and how many of the stage's jobs failed in this way.
 */
export async function registerJobs(
  context: StageContext,
  stage: string,
): Promise<{ registered: number; not_registered: number }> {
  const compute = await context.world.compute(trainParams(context.run).provider);
  let registered = 0;
  for await (const page of eachJob(context.db, { run_id: context.run.id, stage, statuses: ['succeeded'] })) {
    const settings = await settingsOfCircuits(context, page);
    const requests: RegisterRequest[] = [];
    for (let i = 0; i < page.length; i += AT_ONCE) {
      requests.push(
        ...(await Promise.all(
          page.slice(i, i + AT_ONCE).map(async (job) => {
            const outputs = await compute.outputs?.(job.run_id, attemptKey(job.name, job.attempt));
            const files = (await outputs?.files(modelOutputOf(await componentOf(context, job)))) ?? [];
            return { ...requestOf(context, job, settings.get(job.circuit_id) ?? '{}'), files };
          }),
        )),
      );
    }
    context.world.faultPoint('register.before');
    const outcomes = await context.registries.dev.register(requests);
    context.world.faultPoint('register.after');
    // A process that died between the registry's yes and this note told nobody: only the events say what was told.
    const told = outcomes.every((o) => o.status !== 'registered' || o.created)
      ? new Set<string>()
      : await toldModels(context);
    const events: NewEvent[] = [];
    const refused: { id: string; message: string }[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const job = page[i];
      if (job === undefined) continue;
      const about = { run_id: context.run.id, stage: context.stage.name, circuit_id: job.circuit_id };
      if (outcome.status === 'registered') {
        registered++;
        const message = `${outcome.model_name} v${outcome.version} registered`;
        if (!told.has(message))
          events.push({
            ...about,
            type: 'model.registered',
            message,
            data: { model_name: outcome.model_name, version: outcome.version, job: job.name },
          });
      } else {
        if (outcome.status === 'unreadable' && outcome.retryable)
          throw new ProviderError(
            'registry',
            `The model of ${job.name} could not be read: ${outcome.message}`,
            { retryable: true },
          );
        refused.push({ id: job.id, message: `its model could not be registered: ${outcome.message}` });
        events.push({
          ...about,
          type: 'model.not_registered',
          severity: 'error',
          message: `${job.name}: ${outcome.message}`,
        });
      }
    }
    await context.tx(async (tx) => {
      for (const { id, message } of refused) {
        await tx
          .updateTable('jobs')
          .set({ status: 'failed', reason: NOT_REGISTERED, message, failure: null })
          .where('id', '=', id)
          .where('status', '=', 'succeeded')
          .execute();
      }
      await appendEvents(tx, context.now(), events);
    });
  }
  const row = await context.db
    .selectFrom('jobs')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('run_id', '=', context.run.id)
    .where('stage', '=', stage)
    .where('reason', '=', NOT_REGISTERED)
    .executeTakeFirst();
  return { registered, not_registered: Number(row?.n ?? 0) };
}

/** The one move a job makes after it is over: it trained, but left nothing that can be kept. */
const NOT_REGISTERED = 'not_registered';

/** Messages of this run's registrations that are on record. */
async function toldModels({ db, run }: StageContext): Promise<Set<string>> {
  const rows = await db
    .selectFrom('events')
    .select('message')
    .where('run_id', '=', run.id)
    .where('type', '=', 'model.registered')
    .execute();
  return new Set(rows.map((r) => r.message));
}

async function settingsOfCircuits(context: StageContext, jobs: readonly Job[]): Promise<Map<string, string>> {
  const rows = await context.db
    .selectFrom('plan_circuits')
    .select(['circuit_id', 'settings'])
    .where('run_id', '=', context.run.id)
    .where(
      'circuit_id',
      'in',
      jobs.map((j) => j.circuit_id),
    )
    .execute();
  return new Map(rows.map((r) => [r.circuit_id, r.settings]));
}

async function componentOf(context: StageContext, job: Job) {
  const colon = job.component.lastIndexOf(':');
  return findComponent(context, job.component.slice(colon + 1), job.component.slice(0, colon));
}

function requestOf(context: StageContext, job: Job, settings: string): Omit<RegisterRequest, 'files'> {
  const { circuit } = thaw(settings);
  const tags: Record<string, string> = {
    ...circuit.tags,
    plant_id: circuit.plant_id,
    circuit_id: circuit.circuit_id,
    training_hash: job.training_hash,
    config_hash: job.training_hash,
    training_job: job.name,
    inputs_digest: job.inputs_digest,
    component_version: job.component.slice(job.component.lastIndexOf(':') + 1),
  };
  if (circuit.cutoff_date !== null) tags['cutoff_date'] = circuit.cutoff_date;
  if (job.environment !== null)
    tags['environment_version'] = job.environment.slice(job.environment.lastIndexOf(':') + 1);
  if (job.data_version !== null)
    tags['data_version'] = job.data_version.slice(job.data_version.lastIndexOf(':') + 1);
  if (context.run.git_commit !== null) tags['git_commit'] = context.run.git_commit;
  // The commit alone does not tell what was trained.
  if (context.run.git_commit !== null && trainParams(context.run).git_dirty) tags['git_dirty'] = 'true';
  if (job.retry === 1) tags['retry'] = 'true';
  if (context.run.pr === 1) tags['pr'] = 'true';
  if (context.run.rehearsal === 1) tags['rehearsal'] = 'true';
  return {
    job_id: job.id,
    job_name: job.name,
    run_id: job.run_id,
    circuit_id: job.circuit_id,
    model_name: job.model_name,
    pr: context.run.pr === 1,
    training_hash: job.training_hash,
    inputs_digest: job.inputs_digest,
    tags,
    metrics: metricsOf(job),
    settings,
  };
}
