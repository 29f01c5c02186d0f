import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { fromIso, toIso } from '../kernel/clock.ts';
import type { Db, Store } from '../store/index.ts';

/** A key seals for so long; then there is a new one, so that an old copy of the database opens nothing. */
const SEALS_MS = 24 * 3600_000;
/** What was sealed last has so long to come back. */
const WAITS_MS = 3600_000;

const ROW = 'sign_in_keys';

/** Newest first. */
const Keys = z.array(z.object({ key: z.string(), made_at: z.string() }));
type Keys = z.infer<typeof Keys>;

/**
 * The key that sign-ins which begin now are sealed with. It lies in the store, and not in the process, so that a sign-in may
 * be finished at another server of the project, or after a restart; it is shown nowhere, and of no use to anybody who has
 * not got the cookie too.
 */
export async function sealingKey(store: Store, now: number): Promise<Buffer> {
  const [newest] = await keysOf(store.db);
  if (newest !== undefined && seals(newest, now)) return bytesOf(newest);
  return store.tx(async (tx) => {
    const known = await keysOf(tx);
    // Another server may have been first.
    const [first] = known;
    if (first !== undefined && seals(first, now)) return bytesOf(first);
    const made = { key: randomBytes(32).toString('base64url'), made_at: toIso(now) };
    const value = JSON.stringify([made, ...known.filter((key) => opens(key, now))]);
    await tx
      .insertInto('meta')
      .values({ key: ROW, value })
      .onConflict((c) => c.column('key').doUpdateSet({ value }))
      .execute();
    return bytesOf(made);
  });
}

/** The keys that what comes back now may have been sealed with. */
export async function openingKeys(db: Db, now: number): Promise<Buffer[]> {
  return (await keysOf(db)).filter((key) => opens(key, now)).map(bytesOf);
}

async function keysOf(db: Db): Promise<Keys> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', ROW).executeTakeFirst();
  return row === undefined ? [] : Keys.parse(JSON.parse(row.value));
}

type Key = Keys[number];
const seals = ({ made_at }: Key, now: number): boolean => now < fromIso(made_at) + SEALS_MS;
const opens = ({ made_at }: Key, now: number): boolean => now < fromIso(made_at) + SEALS_MS + WAITS_MS;
const bytesOf = ({ key }: Key): Buffer => Buffer.from(key, 'base64url');
