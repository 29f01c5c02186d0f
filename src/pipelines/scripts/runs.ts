import type { Actor } from '../../kernel/actor.ts';
import type { Db, Tx } from '../../store/index.ts';
import { asRun, createRun } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { scriptsPipeline } from '../scripts.ts';
import type { ScriptJobParams, ScriptParams } from './params.ts';
import { SUBMIT, scriptHash } from './submit-scripts.ts';

/** Writes a run of scripts down with everything that was decided for it. */
export function createScriptsRun(
  tx: Tx,
  now: number,
  input: {
    readonly params: ScriptParams;
    readonly actor: Actor;
    readonly git_commit: string | null;
    readonly git_branch: string | null;
  },
): Promise<Run> {
  const { length } = input.params.jobs;
  return createRun(tx, now, {
    pipeline: scriptsPipeline,
    actor: input.actor,
    pr: false,
    rehearsal: false,
    plan_id: null,
    git_commit: input.git_commit,
    git_branch: input.git_branch,
    params: input.params,
    message: `${input.actor.name} started ${length} ${length === 1 ? 'script' : 'scripts'}`,
  });
}

/**
 * Which of these jobs need not run again: the last run of scripts was interrupted, and they succeeded in it with the same
 * command and the same content. A run that was itself resumed hands on what it took over.
 */
export async function doneBefore(db: Db, jobs: readonly ScriptJobParams[]): Promise<Set<string>> {
  const row = await db
    .selectFrom('runs')
    .selectAll()
    .where('pipeline', '=', scriptsPipeline.name)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return new Set();
  const last = asRun(row);
  if (last.status !== 'canceled') return new Set();
  const succeeded = await db
    .selectFrom('jobs')
    .select(['circuit_id', 'training_hash'])
    .where('run_id', '=', last.id)
    .where('stage', '=', SUBMIT)
    .where('status', '=', 'succeeded')
    .execute();
  const hashes = new Set([
    ...succeeded.map((s) => `${s.circuit_id} ${s.training_hash}`),
    ...carriedOver(last),
  ]);
  return new Set(jobs.filter((job) => hashes.has(`${job.id} ${scriptHash(job)}`)).map((job) => job.id));
}

const carriedOver = (run: Run): string[] => {
  const { resumed } = run.params;
  return Array.isArray(resumed) ? resumed.map(String) : [];
};

/** Seconds that each of these jobs took when it last succeeded. */
export async function lastDurations(db: Db, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('jobs')
    .select(['circuit_id', 'running_s'])
    .where('stage', '=', SUBMIT)
    .where('status', '=', 'succeeded')
    .where('circuit_id', 'in', ids)
    .where('running_s', 'is not', null)
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.circuit_id, row.running_s ?? 0]));
}
