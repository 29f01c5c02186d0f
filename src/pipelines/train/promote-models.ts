import { canonicalJson } from '../../kernel/digest.ts';
import { fromIso, toIso } from '../../kernel/clock.ts';
import { backoff } from '../../kernel/backoff.ts';
import { newId } from '../../kernel/ids.ts';
import { lastRequest } from '../../gates/index.ts';
import type { NewSubject } from '../../gates/index.ts';
import { checkQuality, parseRef, refText } from '../../registry/index.ts';
import type { ModelRef, ModelVersion } from '../../registry/index.ts';
import { appendEvents, batches } from '../../store/index.ts';
import type { NewEvent, RunsTable } from '../../store/index.ts';
import { writeArtifact } from '../artifacts.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { stageIsOver } from '../status.ts';
import { askGate } from './gate.ts';
import type { Candidate, Decisions, Standing } from './gate.ts';
import { modelEntry } from './model-files.ts';
import { approvedInRehearsal } from './promote-environment.ts';
import { takeBackRequests } from './take-back.ts';
import { ENDED_WITH_RUN } from '../end-run.ts';
import { jobsOfStage } from '../../jobs/index.ts';

export const CHILD_PIPELINE = 'promote-single-model';

/** Blocked while a retry failed and nobody accepted partial success; pull requests promote nothing. */
export async function whenModelsMayGoOn(context: StageContext): Promise<true | string> {
  if (context.run.pr === 1) return 'a pull-request run promotes nothing';
  const { items } = await context.registries.dev.list({
    run_id: context.run.id,
    pr: false,
    withdrawn: false,
    limit: 1,
  });
  const retry = context.stageNamed('RetryFailedTraining');
  if (retry.status === 'failed' && context.run.partial_accepted_by === null) {
    const others = `; \`trainyard runs accept-partial ${context.run.number}\` promotes the others`;
    return `blocked: ${retry.reason ?? 'the retry failed'}${items.length > 0 ? others : ''}`;
  }
  const registering = context.stageNamed('RegisterModels');
  if (registering.status === 'failed') return 'RegisterModels did not succeed';
  return items.length > 0 ? true : 'no model to promote';
}

/**
 * Copies models into the shared registry once they are approved: one child run per model, all waiting on one request
 * with a verdict for each. Quality gates are checked first and shown.
 */
export async function promoteModels(context: StageContext): Promise<StageOutcome> {
  const models = await promotable(context);
  const children = await createChildren(context, models);
  await endWithdrawn(context, models);
  const decisions = await askGate(context, {
    gate: 'registry-promotion',
    title: (asked) => (asked.length === 1 ? 'Promote 1 model' : `Promote ${asked.length} models`),
    candidates: models.map((m) => ({
      subject: refText(m),
      circuit_id: m.circuit_id,
      binding: { digest: m.digest },
    })),
    describe: async (asked) => {
      const names = new Set(asked.map((a) => a.subject));
      return {
        subjects: await subjectsOf(
          context,
          models.filter((m) => names.has(refText(m))),
        ),
      };
    },
  });
  await settleRefused(context, decisions);
  const blocked = await shareApproved(
    context,
    context.stage.cancel_requested_by === null ? decisions.with('approve').map((c) => c.subject) : [],
  );
  const pendingVisible = await confirmVisible(context);
  const counts = await childCounts(context);
  if (decisions.waiting !== null)
    return {
      kind: 'wait',
      on: 'approval',
      until: soonest(decisions.until, pendingVisible),
      reason: decisions.waiting.title,
      counts,
    };
  if (pendingVisible !== null) return { kind: 'wait', on: 'time', until: pendingVisible, counts };
  if (blocked > 0)
    return {
      kind: 'wait',
      on: 'approval',
      until: null,
      reason: 'waiting for the environment to be shared',
      counts,
    };
  await writePromoted(context, models);
  const settled = Object.values(counts).reduce((a, b) => a + b, 0);
  if (settled !== children)
    return {
      kind: 'failed',
      reason: `the counts do not add up: ${children} models, ${settled} verdicts`,
      counts,
    };
  const failed = counts['failed'] ?? 0;
  if (failed > 0)
    return {
      kind: 'failed',
      reason: failed === 1 ? '1 model could not be promoted' : `${failed} models could not be promoted`,
      counts,
    };
  return { kind: 'done', counts };
}

async function promotable(context: Pick<StageContext, 'registries' | 'run'>): Promise<ModelVersion[]> {
  const models = await context.registries.dev.versionsOfRun(context.run.id);
  return models.filter((m) => !m.pr && m.withdrawn === null);
}

/** One child run per model; returns how many there are. */
async function createChildren(context: StageContext, models: readonly ModelVersion[]): Promise<number> {
  const existing = await context.db
    .selectFrom('runs')
    .select(['subject', 'reason'])
    .where('parent_run_id', '=', context.run.id)
    .execute();
  const known = new Set(existing.map((e) => e.subject));
  // They had ended with their run, which goes on.
  if (existing.some((e) => e.reason?.startsWith(ENDED_WITH_RUN) === true))
    await context.tx((tx) =>
      tx
        .updateTable('runs')
        .set({ status: 'waiting', reason: null, ended_at: null })
        .where('parent_run_id', '=', context.run.id)
        .where('status', '=', 'canceled')
        .where('reason', 'like', `${ENDED_WITH_RUN}%`)
        .execute(),
    );
  const fresh = models.filter((m) => !known.has(refText(m)));
  if (fresh.length === 0) return known.size;
  await context.tx(async (tx) => {
    let number = known.size;
    const now = context.now();
    const rows = fresh.map((m): RunsTable => ({
      id: newId('run', now),
      number: ++number,
      pipeline: CHILD_PIPELINE,
      pipeline_version: 1,
      status: 'waiting',
      reason: null,
      parent_run_id: context.run.id,
      subject: refText(m),
      requested_by: context.run.requested_by,
      requested_identity: context.run.requested_identity,
      pr: 0,
      rehearsal: context.run.rehearsal,
      plan_id: null,
      git_commit: context.run.git_commit,
      git_branch: context.run.git_branch,
      params: canonicalJson({ model_name: m.model_name, version: m.version, training_hash: m.training_hash }),
      created_at: toIso(now),
      started_at: null,
      ended_at: null,
      cancel_requested_at: null,
      partial_accepted_by: null,
      due_at: null,
      lease_token: null,
      lease_owner: null,
      lease_expires_at: null,
      failed_advances: 0,
      last_error: null,
    }));
    for (const some of batches(rows, 400))
      await tx
        .insertInto('runs')
        .values([...some])
        .execute();
  });
  return known.size + fresh.length;
}

/** Takes the question back; what was approved and is not shared yet is not shared any more. */
export async function cancelPromotion(context: StageContext, why: string): Promise<void> {
  await takeBackRequests(context);
  const open = [...(await openChildren(context, 'waiting')).keys()];
  await endChildren(context, open, 'canceled', `held: ${why}`);
}

/** A model that somebody took back meanwhile is not promoted, whatever is said of it. */
async function endWithdrawn(context: StageContext, models: readonly ModelVersion[]): Promise<void> {
  const there = new Set(models.map(refText));
  const gone = [...(await openChildren(context, 'waiting')).keys()].filter((s) => !there.has(s));
  if (gone.length > 0) await endChildren(context, gone, 'canceled', 'held: it was withdrawn');
}

async function subjectsOf(context: StageContext, models: readonly ModelVersion[]): Promise<NewSubject[]> {
  const before = await currentModels(context, models);
  return models.map((m) => {
    const quality = checkQuality(context.world.config.quality, m.metrics);
    const failed = quality.filter((q) => !q.ok);
    return {
      subject: refText(m),
      circuit_id: m.circuit_id,
      binding: { digest: m.digest },
      detail: { metrics: m.metrics, current: before.get(m.model_name) ?? null, quality, digest: m.digest },
      held_because: failed.length === 0 ? null : failed.map((f) => f.message).join('; '),
    };
  });
}

/** The version of each model that is in the shared registry now, with its metrics: what a candidate is compared with. */
async function currentModels(
  context: StageContext,
  models: readonly ModelVersion[],
): Promise<Map<string, { version: number; metrics: unknown }>> {
  const current = new Map<string, { version: number; metrics: unknown }>();
  for (const some of batches(models)) {
    const rows = await context.db
      .selectFrom('model_versions')
      .select(['model_name', 'version', 'metrics'])
      .where('registry', '=', 'shared')
      .where(
        'model_name',
        'in',
        some.map((m) => m.model_name),
      )
      .orderBy('version')
      .execute();
    for (const row of rows)
      current.set(row.model_name, { version: row.version, metrics: JSON.parse(row.metrics) });
  }
  return current;
}

/** Child runs of models that were rejected end at once; of those that were held or expired, once nothing is open. */
async function settleRefused(context: StageContext, decisions: Decisions<Candidate>): Promise<void> {
  const end = (standing: Standing, reason: string): Promise<void> =>
    endChildren(
      context,
      decisions.with(standing).map((c) => c.subject),
      'canceled',
      reason,
    );
  await end('reject', 'rejected');
  if (decisions.waiting !== null) return;
  await end('hold', 'held');
  await end('expired', 'held: nobody decided in time');
}

/** `told`: the events of some, in one transaction with their end. */
async function endChildren(
  context: StageContext,
  subjects: readonly string[],
  status: 'succeeded' | 'failed' | 'canceled',
  reason: string | null,
  told?: (subjects: readonly string[]) => readonly NewEvent[],
): Promise<void> {
  for (const some of batches(subjects)) {
    await context.tx(async (tx) => {
      await tx
        .updateTable('runs')
        .set({ status, reason, ended_at: toIso(context.now()) })
        .where('parent_run_id', '=', context.run.id)
        .where('subject', 'in', some)
        .where('ended_at', 'is', null)
        .execute();
      if (told !== undefined) await appendEvents(tx, context.now(), told(some));
    });
  }
}

/** Shares what is approved and not shared yet. Returns how many models wait for their environment to be shared. */
async function shareApproved(context: StageContext, subjects: readonly string[]): Promise<number> {
  const environment = context.stageNamed('PromoteEnvironment');
  const open = await openChildren(context, 'waiting');
  const approved = subjects.filter((s) => open.has(s));
  if (approved.length === 0) return 0;
  const { ready, blocked } = await splitByEnvironment(context, approved);
  if (blocked.length > 0 && stageIsOver(environment.status)) {
    // What was rejected is not asked again.
    const asked =
      environment.reason === 'rejected'
        ? null
        : await lastRequest(context.db, context.run.id, environment.name);
    await endChildren(
      context,
      blocked,
      'canceled',
      'held: its environment is not in the shared registry',
      (some) => [
        {
          type: 'model.not_promoted',
          severity: 'warning',
          run_id: context.run.id,
          stage: context.stage.name,
          message: `${some.length === 1 ? `${some[0]} was approved and is` : `${some.length} models were approved and are`} held: the environment is not in the shared registry${asked === null ? '' : `; ask about it again with \`trainyard approvals reopen ${asked}\``}`,
          data: { models: [...some] },
        },
      ],
    );
  }
  for (const some of batches(ready)) {
    const refs = some.map((s) => parseRef(s)).filter((r): r is ModelRef => r !== null);
    context.world.faultPoint('share.before');
    const outcomes = await context.registries.shared.share(refs, context.registries.dev);
    context.world.faultPoint('share.after');
    const shared = outcomes
      .filter((o) => o.status === 'shared' || o.status === 'already_shared')
      .map(refText);
    const events: NewEvent[] = [];
    await context.tx(async (tx) => {
      if (shared.length > 0) {
        await tx
          .updateTable('runs')
          .set({ status: 'running', started_at: toIso(context.now()) })
          .where('parent_run_id', '=', context.run.id)
          .where('subject', 'in', shared)
          .where('status', '=', 'waiting')
          .execute();
      }
      for (const outcome of outcomes) {
        if ('message' in outcome) {
          await tx
            .updateTable('runs')
            .set({ status: 'failed', reason: outcome.message, ended_at: toIso(context.now()) })
            .where('parent_run_id', '=', context.run.id)
            .where('subject', '=', refText(outcome))
            .execute();
          events.push({
            type: 'model.not_promoted',
            severity: 'error',
            run_id: context.run.id,
            stage: context.stage.name,
            message: `${refText(outcome)}: ${outcome.message}`,
          });
        }
      }
      await appendEvents(tx, context.now(), events);
    });
  }
  return stageIsOver(environment.status) ? 0 : blocked.length;
}

async function splitByEnvironment(
  context: StageContext,
  subjects: readonly string[],
): Promise<{ ready: string[]; blocked: string[] }> {
  const rows = await context.db
    .selectFrom('assets')
    .select(['name', 'version'])
    .where('kind', '=', 'environment')
    .where('shared_at', 'is', null)
    .execute();
  const unshared = new Set(rows.map((r) => `${r.name}:${r.version}`));
  // A rehearsal shares no environment; what was approved in it counts within it.
  for (const approved of await approvedInRehearsal(context)) unshared.delete(approved);
  if (unshared.size === 0) return { ready: [...subjects], blocked: [] };
  const jobs = new Map<string, string | null>();
  for (const stage of ['SubmitTraining', 'RetryFailedTraining']) {
    for (let after: string | undefined; ;) {
      const page = await jobsOfStage(context.db, {
        run_id: context.run.id,
        stage,
        statuses: ['succeeded'],
        ...(after === undefined ? {} : { after }),
        limit: 500,
      });
      for (const job of page) jobs.set(job.id, job.environment);
      if (page.length < 500) break;
      after = page.at(-1)?.id;
    }
  }
  const models = await context.registries.dev.versionsOfRun(context.run.id);
  const needs = new Map(models.map((m) => [refText(m), jobs.get(m.job_id) ?? null]));
  const blocked = subjects.filter((s) => unshared.has(needs.get(s) ?? ''));
  const isBlocked = new Set(blocked);
  return { ready: subjects.filter((s) => !isBlocked.has(s)), blocked };
}

async function openChildren(
  context: StageContext,
  status: 'waiting' | 'running',
): Promise<Map<string, string | null>> {
  const rows = await context.db
    .selectFrom('runs')
    .select(['subject', 'started_at'])
    .where('parent_run_id', '=', context.run.id)
    .where('status', '=', status)
    .execute();
  return new Map(rows.map((r) => [r.subject ?? '', r.started_at]));
}

/**
 * Waits until shared models can be seen there: asks after `initial_delay`, doubling to `max_delay`, `max_wait` in all.
 * Returns when to look again, or null.
 */
async function confirmVisible(context: StageContext): Promise<number | null> {
  const running = await openChildren(context, 'running');
  if (running.size === 0) return null;
  const { propagation } = context.world.config;
  const subjects = [...running.keys()];
  const refs = subjects.map((s) => parseRef(s)).filter((r): r is ModelRef => r !== null);
  const visible = await context.registries.shared.visible(refs);
  const there = subjects.filter((_, i) => visible[i] === true);
  await promoted(context, there);
  const missing = subjects.filter((_, i) => visible[i] !== true);
  if (missing.length === 0) return null;
  const since = Math.min(...missing.map((s) => fromIso(running.get(s) ?? toIso(context.now()))));
  if (context.now() - since >= propagation.max_wait_s * 1000) {
    await endChildren(
      context,
      missing,
      'failed',
      `not visible in the shared registry after ${propagation.max_wait_s} s`,
    );
    return null;
  }
  const looks = Number(context.stage.state['looks'] ?? 0);
  await context.remember({ looks: looks + 1 });
  return context.now() + backoff(looks, propagation.initial_delay_s, propagation.max_delay_s) * 1000;
}

async function promoted(context: StageContext, subjects: readonly string[]): Promise<void> {
  await endChildren(context, subjects, 'succeeded', null, (some) =>
    some.map((subject) => ({
      type: 'model.promoted',
      run_id: context.run.id,
      stage: context.stage.name,
      message: `${subject} promoted`,
      data: { model: subject },
    })),
  );
}

async function childCounts(context: StageContext): Promise<Record<string, number>> {
  const rows = await context.db
    .selectFrom('runs')
    .select((e) => ['status', 'reason', e.fn.countAll<number>().as('n')])
    .where('parent_run_id', '=', context.run.id)
    .where('ended_at', 'is not', null)
    .groupBy(['status', 'reason'])
    .execute();
  const counts = { promoted: 0, held: 0, rejected: 0, failed: 0 };
  for (const row of rows) counts[outcomeOf(row.status, row.reason)] += Number(row.n);
  return counts;
}

function outcomeOf(status: string, reason: string | null): 'promoted' | 'held' | 'rejected' | 'failed' {
  if (status === 'succeeded') return 'promoted';
  if (status === 'failed') return 'failed';
  return reason === 'rejected' ? 'rejected' : 'held';
}

async function writePromoted(context: StageContext, models: readonly ModelVersion[]): Promise<void> {
  const rows = await context.db
    .selectFrom('runs')
    .select(['subject', 'status', 'reason'])
    .where('parent_run_id', '=', context.run.id)
    .execute();
  const bySubject = new Map(rows.map((r) => [r.subject, r]));
  await writeArtifact(context, 'promoted_models', {
    run: context.run.number,
    models: models.map((m) => {
      const child = bySubject.get(refText(m));
      return {
        ...modelEntry(m),
        outcome: outcomeOf(child?.status ?? 'canceled', child?.reason ?? null),
        reason: child?.reason ?? null,
      };
    }),
  });
}

const soonest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
