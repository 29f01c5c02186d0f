import { toIso } from '../kernel/clock.ts';
import { formatDuration } from '../kernel/duration.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { batches } from '../store/index.ts';
import type { Db, Tx } from '../store/index.ts';

/** What retention took from a run already. */
export interface RunRetention {
  readonly logs_removed_at: string | null;
  readonly removing_at: string | null;
}

export async function retentionOf(db: Db, run_id: string): Promise<RunRetention | null> {
  const row = await db
    .selectFrom('run_retention')
    .selectAll()
    .where('run_id', '=', run_id)
    .executeTakeFirst();
  return row ?? null;
}

/** The error for whoever asks for a log or an output that retention removed; null where it did not. */
export async function removedLogs(db: Db, run_id: string): Promise<NotFoundError | null> {
  const removed = (await retentionOf(db, run_id))?.logs_removed_at ?? null;
  if (removed === null) return null;
  const run = await db.selectFrom('runs').select('number').where('id', '=', run_id).executeTakeFirst();
  return new NotFoundError(
    `The logs of run ${run?.number ?? run_id} were removed by retention at ${removed.slice(0, 16)}Z.`,
    { hint: 'How long they are kept stands in trainyard.yaml: retention: {logs: 14d}.' },
  );
}

/** Of the runs named, what each is to retention. Runs that are gone are not among them. */
export async function runsForLogs(
  db: Db,
  run_ids: readonly string[],
  before: string | null,
): Promise<Map<string, LogVerdict>> {
  const found = new Map<string, LogVerdict>();
  for (const some of batches(run_ids)) {
    const rows = await db
      .selectFrom('runs')
      .leftJoin('run_retention as taken', 'taken.run_id', 'runs.id')
      .select(['runs.id', 'runs.number', 'runs.ended_at', 'taken.logs_removed_at'])
      .where('runs.id', 'in', some)
      .execute();
    for (const row of rows) found.set(row.id, { number: row.number, ...verdictOf(row, before) });
  }
  return found;
}

export interface LogVerdict {
  readonly number: number;
  /** `removed`: on record as removed, whatever lies there still. */
  readonly action: 'remove' | 'removed' | 'keep';
  readonly ended_at: string | null;
}

function verdictOf(
  run: { readonly ended_at: string | null; readonly logs_removed_at: string | null },
  before: string | null,
): Omit<LogVerdict, 'number'> {
  const { ended_at } = run;
  if (run.logs_removed_at !== null) return { action: 'removed', ended_at };
  const old = ended_at !== null && before !== null && ended_at < before;
  return { action: old ? 'remove' : 'keep', ended_at };
}

/** Puts on record that a run's logs go; false when it is open again, or was taken up meanwhile. */
export async function noteLogsRemoved(tx: Tx, now: number, run_id: string, before: string): Promise<boolean> {
  const run = await tx
    .selectFrom('runs')
    .select('id')
    .where('id', '=', run_id)
    .where('ended_at', '<', before)
    .executeTakeFirst();
  if (run === undefined) return false;
  const row = { run_id, logs_removed_at: toIso(now) };
  await tx
    .insertInto('run_retention')
    .values(row)
    .onConflict((conflict) => conflict.column('run_id').doUpdateSet(row))
    .execute();
  return true;
}

/** How long ago something ended, for people. */
export const overFor = (ended_at: string, now: number): string =>
  `over for ${formatDuration((now - Date.parse(ended_at)) / 1000)}`;

/** An open run may still name snapshots of code and data that it finds there: until its assets are registered. */
export async function registersAssets(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('stages', 'stages.run_id', 'runs.id')
    .select('runs.id')
    .where('runs.ended_at', 'is', null)
    .where('stages.name', '=', 'RegisterMLTables')
    .where('stages.ended_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Those of the numbers that runs bear. */
export async function knownNumbers(db: Db, numbers: readonly number[]): Promise<Set<number>> {
  const known = new Set<number>();
  for (const some of batches(numbers)) {
    const rows = await db
      .selectFrom('runs')
      .select('number')
      .where('parent_run_id', 'is', null)
      .where('number', 'in', some)
      .execute();
    for (const row of rows) known.add(row.number);
  }
  return known;
}
