import { hostname } from 'node:os';
import { ConflictError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isAlive, processStart } from '../kernel/processes.ts';
import { addSeconds } from '../store/index.ts';
import type { Store, WorkersTable } from '../store/index.ts';

/** A process of another machine that has not been heard of for this long is dead. */
const SILENT_S = 90;
const HEARTBEAT_MS = 20_000;

export interface Hold {
  readonly id: string;
  release(): Promise<void>;
}

/** Who holds the project now: the living process that advances its runs, or null. */
export async function currentHolder(store: Store): Promise<WorkersTable | null> {
  const silent = addSeconds(store.now(), -SILENT_S);
  const rows = await store.db.selectFrom('workers').selectAll().execute();
  return rows.find((w) => livesStill(w, silent)) ?? null;
}

/**
 * Makes this process the one that advances the project's runs. One is enough on SQLite, and two would only wait for
 * each other. A dead holder's leases fall at once when it died on this machine.
 * @throws ConflictError naming the process that holds the project
 */
export async function holdProject(store: Store, now: number, kind: 'run' | 'worker' | 'approve' | 'cancel'): Promise<Hold> {
  const id = newId('wrk', now);
  await store.tx(async (tx) => {
    const dbNow = store.now();
    const silent = addSeconds(dbNow, -SILENT_S);
    const rows = await tx.selectFrom('workers').selectAll().execute();
    for (const worker of rows) {
      if (livesStill(worker, silent)) {
        throw new ConflictError(`This project is held by \`trainyard ${worker.kind}\` (process ${worker.pid} on ${worker.host}, since ${worker.started_at}).`, {
          hint: 'It goes on with open runs by itself: follow them with `trainyard runs show`, or wait until it ends.',
          details: { holder: { kind: worker.kind, pid: worker.pid, host: worker.host, started_at: worker.started_at } },
        });
      }
      await tx.deleteFrom('workers').where('id', '=', worker.id).execute();
      await tx.updateTable('runs').set({ lease_token: null, lease_owner: null, lease_expires_at: null }).where('lease_owner', '=', worker.id).execute();
    }
    await tx
      .insertInto('workers')
      .values({ id, kind, pid: process.pid, pid_start: processStart(process.pid), host: hostname(), started_at: dbNow, heartbeat_at: dbNow })
      .execute();
  });
  const beat = setInterval(() => {
    void store.db.updateTable('workers').set({ heartbeat_at: store.now() }).where('id', '=', id).execute().catch(() => undefined);
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    id,
    release: async () => {
      clearInterval(beat);
      await store.tx(async (tx) => {
        await tx.deleteFrom('workers').where('id', '=', id).execute();
        await tx.updateTable('runs').set({ lease_token: null, lease_owner: null, lease_expires_at: null }).where('lease_owner', '=', id).execute();
      });
    },
  };
}

function livesStill(worker: WorkersTable, silent: string): boolean {
  if (worker.host === hostname()) return isAlive(worker.pid, worker.pid_start);
  return worker.heartbeat_at > silent;
}
