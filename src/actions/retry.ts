import type { Project } from '../app.ts';
import { ConflictError, NotFoundError } from '../kernel/errors.ts';
import { listApprovals, subjectsWith } from '../gates/index.ts';
import type { Actor, Approval } from '../gates/index.ts';
import { failuresOfRun, prepareRetry as prepare, retryRun } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import type { Tx } from '../store/index.ts';

const RETRY_GATE = 'training-retry';

interface Chosen {
  /** Numbers of groups, as `failuresOfRun` gives them. */
  readonly groups?: readonly number[] | undefined;
  readonly circuits?: readonly string[] | undefined;
}

type Wanted = Chosen & { readonly actor: Actor; readonly comment: string | null };

/**
 * Trains failed circuits of a run again: those of some causes, those named, or all. Counts as an approval at the retry gate;
 * returns that request.
 * @throws NotFoundError for a group or circuit that did not fail, ConflictError where nothing of them is open
 */
export async function retry(project: Project, run: Run, wanted: Wanted): Promise<Approval> {
  const { actor, comment } = wanted;
  const circuits = await circuitsToRetry(project, run, wanted);
  return retryRun(project.world, run, { actor, comment, circuits });
}

/** The same in two steps: everything is looked at, then it is written in a transaction of the caller's. */
export async function prepareRetry(
  project: Project,
  run: Run,
  wanted: Wanted,
): Promise<(tx: Tx) => Promise<Approval>> {
  const { actor, comment } = wanted;
  const circuits = await circuitsToRetry(project, run, wanted);
  return prepare(project.world, run, { actor, comment, circuits });
}

/**
 * Whether a retry is a decision of chosen people: the gate, or the open request that it was asked with, names approvers or
 * wants more than one yes. Otherwise whoever may start trainings may start these again.
 */
export async function retryNeedsApprover({ config, store }: Project, run: Run): Promise<boolean> {
  const waiting = await listApprovals(store.db, { run_id: run.id, status: 'waiting', limit: 50 });
  const asked = [config.gates[RETRY_GATE], waiting.find((a) => a.gate === RETRY_GATE)];
  return asked.some((gate) => gate !== undefined && (gate.approvers.length > 0 || gate.required > 1));
}

/** The circuits that a retry by group or by name means; null: all that failed. */
async function circuitsToRetry(project: Project, run: Run, wanted: Chosen): Promise<string[] | null> {
  const chosen = new Set(wanted.circuits);
  if (wanted.groups !== undefined) {
    const { groups } = await failuresOfRun(project.store.db, run);
    for (const number of wanted.groups) {
      const group = groups.find((g) => g.number === number);
      if (group === undefined)
        throw new NotFoundError(`Run ${run.number} has no group ${number} of failures.`, {
          hint:
            groups.length === 0
              ? 'It has no failures that are not mended.'
              : `It has ${groups.length}: see them with \`trainyard failures ${run.number}\`.`,
        });
      // Of a cause, some may have been decided on or failed again: what is open is meant.
      const open = await openCircuits(project, run);
      const meant = open === null ? group.circuits : group.circuits.filter((id) => open.has(id));
      if (meant.length === 0)
        throw new ConflictError(`All of group ${number} of run ${run.number} is decided already.`, {
          hint: 'See what is open with `trainyard approvals`.',
        });
      for (const id of meant) chosen.add(id);
    }
  }
  return wanted.groups === undefined && wanted.circuits === undefined ? null : [...chosen];
}

/** What the open request at the retry gate still asks about; null: there is none. */
async function openCircuits(project: Project, run: Run): Promise<ReadonlySet<string> | null> {
  const { db } = project.store;
  const waiting = await listApprovals(db, { run_id: run.id, status: 'waiting', limit: 50 });
  const open = waiting.find((a) => a.gate === RETRY_GATE);
  return open === undefined ? null : new Set(await subjectsWith(db, open.id, 'pending'));
}
