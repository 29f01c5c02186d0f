import type { Project } from '../app.ts';
import { subjectsWith, vote } from '../gates/index.ts';
import type { Actor, Approval, Verdict } from '../gates/index.ts';
import {
  gateRules,
  getRun,
  getStages,
  registriesOf,
  requestNow,
  reviveAt,
  stageIsOver,
  wakeRun,
} from '../pipelines/index.ts';
import { ConflictError } from '../kernel/errors.ts';
import { parseRef } from '../registry/index.ts';
import type { Db } from '../store/index.ts';

export interface Ballot {
  readonly approval_id: string;
  readonly actor: Actor;
  readonly verdict: Exclude<Verdict, 'pending'>;
  readonly comment: string | null;
  /** Null: all that are open. */
  readonly subjects: readonly string[] | null;
  /** Rejected models are taken out of use, so that their circuits are owed. */
  readonly retrain: boolean;
  /** Digest of what the voter was shown; left out: not known. */
  readonly subject_digest?: string | undefined;
}

/**
 * Records a verdict and wakes the run that waits for it; whoever holds the project goes on with it. What was held in a
 * stage that is over is approved all the same: the stage takes it up.
 */
export async function decide(project: Project, ballot: Ballot): Promise<Approval> {
  const { store, clock, config } = project;
  const before = await requestNow(project.world, ballot.approval_id);
  if (ballot.subject_digest !== undefined && ballot.subject_digest !== before.subject_digest)
    throw new ConflictError(`"${before.title}" shows something else than what the verdict is about.`, {
      hint: 'Look at it again, then decide: an approval is bound to what it showed.',
    });
  const open = await subjectsWith(store.db, before.id, 'pending');
  const after = await store.tx(async (tx) => {
    const voted = await vote(tx, clock.now(), { ...ballot, rules: gateRules(config, before.gate) });
    const run = await getRun(tx, voted.run_id);
    const stage = (await getStages(tx, run.id)).find((s) => s.name === voted.stage);
    const news = voted.counts.approve > before.counts.approve;
    if (news && stage !== undefined && stageIsOver(stage.status))
      await reviveAt(tx, clock.now(), run, stage.name);
    await wakeRun(tx, clock.now(), run.id);
    return voted;
  });
  if (ballot.retrain) await withdrawRejected(project, after, ballot, open);
  return after;
}

/**
 * A rejected model alone does not make its circuit owed; without a good model it is. Of this ballot's only: what others
 * rejected, they did not ask to be trained again.
 */
async function withdrawRejected(
  project: Project,
  approval: Approval,
  { actor, comment, subjects }: Ballot,
  open: readonly string[],
): Promise<void> {
  const { db } = project.store;
  const rejected = new Set(await subjectsWith(db, approval.id, 'reject'));
  // Said once more after a crash, everything was decided before: then what nobody else named is meant.
  const meant =
    subjects ?? (open.length > 0 ? open : await notNamedByOthers(db, approval.id, actor.name, rejected));
  const registry = registriesOf(project.world, await getRun(db, approval.run_id)).dev;
  for (const subject of meant.filter((s) => rejected.has(s))) {
    const ref = parseRef(subject);
    if (ref !== null && (await registry.get(ref.model_name, ref.version)) !== null)
      await registry.withdraw(ref.model_name, ref.version, actor, comment ?? 'rejected, to be trained again');
  }
}

async function notNamedByOthers(
  db: Db,
  approval_id: string,
  voter: string,
  rejected: ReadonlySet<string>,
): Promise<string[]> {
  const votes = await db
    .selectFrom('approval_votes')
    .select('subjects')
    .where('approval_id', '=', approval_id)
    .where('verdict', '=', 'reject')
    .where('voter', '!=', voter)
    .execute();
  const named = new Set(
    votes.flatMap((v) => (v.subjects === null ? [] : (JSON.parse(v.subjects) as string[]))),
  );
  return [...rejected].filter((subject) => !named.has(subject));
}
