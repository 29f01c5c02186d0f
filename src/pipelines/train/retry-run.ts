import { listApprovals, openApproval, subjectDigest, subjectsWith, vote } from '../../gates/index.ts';
import type { Actor, Approval, NewSubject } from '../../gates/index.ts';
import { ConflictError, NotFoundError, UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { Store, Tx } from '../../store/index.ts';
import type { World } from '../pipeline.ts';
import { getRun, getStages, stageNamed, wakeRun } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { stageIsOver } from '../status.ts';
import { retryable } from './failed-circuits.ts';
import type { FailedCircuit } from './failed-circuits.ts';
import { RETRY_STAGE } from './failed-circuits.ts';
import { gateConfig, gateRules, requestNow } from './gate.ts';
import { describeFailures } from './retry-request.ts';
import { reviveAt } from './revive.ts';

const GATE = 'training-retry';

/**
 * Trains failed circuits of a run again, whether the run still asks about them, nobody answered in time, the retry was
 * turned down, or it failed too. Counts as an approval at the gate and needs the same rights; the others of an open
 * request stay open.
 * @throws ConflictError while the run still trains, or when it was canceled
 */
export async function retryRun(world: World, run: Run, by: RetryBy): Promise<Approval> {
  return world.store.tx(await prepareRetry(world, run, by));
}

interface RetryBy {
  readonly actor: Actor;
  readonly comment: string | null;
  /** Null: all that failed. */
  readonly circuits: readonly string[] | null;
}

/** The same in two steps: everything is looked at, then the verdict is written in a transaction of the caller's. */
export async function prepareRetry(
  world: World,
  run: Run,
  by: RetryBy,
): Promise<(tx: Tx) => Promise<Approval>> {
  const { store, clock } = world;
  await refuseIfNotReady(world, run);
  const waiting = (await listApprovals(store.db, { run_id: run.id, status: 'waiting', limit: 50 })).find(
    (a) => a.stage === RETRY_STAGE,
  );
  const current = waiting === undefined ? null : await requestNow(world, waiting.id);
  const open = current?.status === 'waiting' ? current : undefined;
  const now = clock.now();
  const ballot = {
    actor: by.actor,
    verdict: 'approve' as const,
    comment: by.comment ?? 'trainyard retry',
    rules: gateRules(world.config, GATE),
  };
  if (open !== undefined) {
    const pending = await subjectsWith(store.db, open.id, 'pending');
    const settled = by.circuits?.find((id) => !pending.includes(id));
    if (
      settled !== undefined &&
      (await retryable({ db: store.db, run })).some((f) => f.circuit_id === settled)
    )
      throw new ConflictError(
        `${settled} is no part of what the open request of run ${run.number} still asks.`,
        {
          hint: `Decide that one first (\`trainyard approvals show ${open.id}\`), then \`trainyard retry ${run.number} --circuits ${settled}\`.`,
        },
      );
    const subjects = by.circuits === null ? null : chosen(run, pending, by.circuits);
    return async (tx) => {
      const after = await vote(tx, now, { ...ballot, approval_id: open.id, subjects });
      await wakeRun(tx, now, run.id);
      return after;
    };
  }
  const failures = await retryable({ db: store.db, run });
  const names = chosen(
    run,
    failures.map((f) => f.circuit_id),
    by.circuits ?? failures.map((f) => f.circuit_id),
  );
  const wanted = new Set(names);
  const asked = failures.filter((f) => wanted.has(f.circuit_id));
  const shown = await describeFailures({ world, db: store.db, run, now: () => now }, asked);
  return async (tx) => {
    // It may have been canceled, and somebody else may have asked, while the provider was.
    await reviveAt(tx, now, await getRun(tx, run.id), RETRY_STAGE);
    await refuseIfAsked(tx, run, shown.subjects);
    const approval = await openApproval(tx, now, {
      run_id: run.id,
      stage: RETRY_STAGE,
      gate: GATE,
      config: gateConfig({ world }, GATE),
      title: titleOf(asked),
      requested_by: run.requested_by,
      subjects: shown.subjects,
      context: shown.context,
    });
    return vote(tx, now, { ...ballot, approval_id: approval.id, subjects: null });
  };
}

/** A stage has one request at a time; the very same one is joined. */
async function refuseIfAsked(tx: Tx, run: Run, subjects: readonly NewSubject[]): Promise<void> {
  const waiting = await listApprovals(tx, { run_id: run.id, status: 'waiting', limit: 50 });
  const open = waiting.find((a) => a.stage === RETRY_STAGE);
  if (open === undefined || open.subject_digest === subjectDigest(subjects)) return;
  throw new ConflictError(`Somebody else has just asked about failures of run ${run.number}.`, {
    hint: `Decide on that first: trainyard approvals show ${open.id}`,
  });
}

/** Circuits that `retryRun` would take now; none while the run still trains, or where it does not retry. */
export async function retryableNow({ store }: Pick<World, 'store'>, run: Run): Promise<string[]> {
  if (run.pipeline !== 'train' || run.pr === 1 || !(await jobsAreIn(store, run))) return [];
  const waiting = await listApprovals(store.db, { run_id: run.id, status: 'waiting', limit: 50 });
  const open = waiting.find((a) => a.stage === RETRY_STAGE);
  if (open !== undefined) return subjectsWith(store.db, open.id, 'pending');
  if (run.status === 'canceled') return [];
  return (await retryable({ db: store.db, run })).map((f) => f.circuit_id);
}

const jobsAreIn = async ({ db }: Store, run: Run): Promise<boolean> => {
  const stages = await getStages(db, run.id);
  return ['MonitorTraining', 'RegisterModels'].every((name) => stageIsOver(stageNamed(stages, name).status));
};

const titleOf = (asked: readonly FailedCircuit[]): string =>
  asked.length === 1 ? 'Train 1 failed circuit again' : `Train ${asked.length} failed circuits again`;

async function refuseIfNotReady({ store }: World, run: Run): Promise<void> {
  if (run.pipeline !== 'train')
    throw new UsageError(`Run ${run.number} is one of ${run.pipeline}; only circuits are retried.`, {
      hint: 'Start the scripts again: `trainyard scripts --only ID`.',
    });
  if (run.pr === 1)
    throw new ConflictError(`Run ${run.number} is a pull-request run, which retries nothing.`, {
      hint: 'Push a fix; the next build trains again.',
    });
  if (await jobsAreIn(store, run)) return;
  throw new ConflictError(
    `Run ${run.number} still trains; its failures can be retried when its jobs are over.`,
    {
      hint: `Follow it with \`trainyard runs show ${run.number}\`.`,
    },
  );
}

/** Circuits by their ids, all of them known. */
function chosen(run: Run, open: readonly string[], wanted: readonly string[]): string[] {
  if (open.length === 0)
    throw new ConflictError(`Run ${run.number} has no failed circuit that could be trained again.`, {
      hint: 'What an earlier run left behind is asked again with `trainyard approvals reopen ID` (`trainyard approvals --all` lists them), or offered by the next run.',
    });
  const unknown = wanted.find((id) => !open.includes(id));
  if (unknown === undefined) return [...new Set(wanted)];
  throw new NotFoundError(`${unknown} is none of the failed circuits of run ${run.number}.`, {
    hint:
      didYouMean(unknown, open) ??
      `They are ${open.slice(0, 5).join(', ')}${open.length > 5 ? ` and ${open.length - 5} more` : ''}.`,
  });
}
