import { hostname } from 'node:os';
import { ConflictError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isAlive, processStart } from '../kernel/processes.ts';
import { addSeconds } from '../store/index.ts';
import type { Store, WorkersTable } from '../store/index.ts';

/** A process of another machine that has not been heard of for this long is dead. */
const SILENT_S = 90;
const HEARTBEAT_MS = 20_000;

export type HolderKind = 'run' | 'scripts' | 'worker' | 'serve' | 'approve' | 'retry' | 'cancel' | 'wait';

/** This process's right to advance the project's runs; `await using` gives it back. */
export interface Hold extends AsyncDisposable {
  readonly id: string;
}

/** Who holds the project now: the living process that advances its runs, or null. */
export async function currentHolder(store: Store): Promise<WorkersTable | null> {
  const silent = addSeconds(store.now(), -SILENT_S);
  const rows = await store.db.selectFrom('workers').selectAll().execute();
  return rows.find((w) => livesStill(w, silent)) ?? null;
}

/** Processes that stay: whoever starts a run may leave it to them. */
const STAYS: readonly string[] = ['worker', 'serve'];

/**
 * Holds the project for this command, or returns null when a worker or server holds it and does the work.
 * @throws ConflictError when another command holds it
 */
export async function holdUnlessServed(store: Store, now: number, kind: HolderKind): Promise<Hold | null> {
  const holder = await currentHolder(store);
  if (holder !== null && STAYS.includes(holder.kind)) return null;
  return holdProject(store, now, kind);
}

/** Holds the project, or returns null when somebody else does or was quicker. */
export async function holdIfFree(store: Store, now: number, kind: HolderKind): Promise<Hold | null> {
  if ((await currentHolder(store)) !== null) return null;
  try {
    return await holdProject(store, now, kind);
  } catch (error) {
    if (error instanceof ConflictError) return null;
    throw error;
  }
}

/**
 * Makes this process the one that advances the project's runs. One is enough on SQLite, and two would only wait for
 * each other. A dead holder's leases fall at once when it died on this machine.
 * @throws ConflictError naming the process that holds the project
 */
export async function holdProject(store: Store, now: number, kind: HolderKind): Promise<Hold> {
  const id = newId('wrk', now);
  await store.tx(async (tx) => {
    const dbNow = store.now();
    const silent = addSeconds(dbNow, -SILENT_S);
    const rows = await tx.selectFrom('workers').selectAll().execute();
    for (const worker of rows) {
      if (livesStill(worker, silent)) {
        throw new ConflictError(
          `This project is held by \`trainyard ${worker.kind}\` (process ${worker.pid} on ${worker.host}, since ${worker.started_at}).`,
          {
            hint: 'If it asks something in its terminal, answer there. Else it goes on by itself: follow it with `trainyard runs show`, or wait until it ends.',
            details: {
              holder: {
                kind: worker.kind,
                pid: worker.pid,
                host: worker.host,
                started_at: worker.started_at,
              },
            },
          },
        );
      }
      await tx.deleteFrom('workers').where('id', '=', worker.id).execute();
      await tx
        .updateTable('runs')
        .set({ lease_token: null, lease_owner: null, lease_expires_at: null })
        .where('lease_owner', '=', worker.id)
        .execute();
    }
    await tx
      .insertInto('workers')
      .values({
        id,
        kind,
        pid: process.pid,
        pid_start: processStart(process.pid),
        host: hostname(),
        started_at: dbNow,
        heartbeat_at: dbNow,
      })
      .execute();
  });
  const beat = setInterval(() => {
    void store.db
      .updateTable('workers')
      .set({ heartbeat_at: store.now() })
      .where('id', '=', id)
      .execute()
      .catch(() => undefined);
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    id,
    [Symbol.asyncDispose]: async () => {
      clearInterval(beat);
      const letGo = store.tx(async (tx) => {
        await tx.deleteFrom('workers').where('id', '=', id).execute();
        await tx
          .updateTable('runs')
          .set({ lease_token: null, lease_owner: null, lease_expires_at: null })
          .where('lease_owner', '=', id)
          .execute();
      });
      // On a full disk the row stays; this process ends all the same, and the next one sees that. What went wrong before counts.
      await letGo.catch(() => undefined);
    },
  };
}

function livesStill(worker: WorkersTable, silent: string): boolean {
  if (worker.host === hostname()) return isAlive(worker.pid, worker.pid_start);
  return worker.heartbeat_at > silent;
}
