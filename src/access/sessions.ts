import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { tokenActor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { sha256 } from '../kernel/digest.ts';
import { appendEvents } from '../store/index.ts';
import type { Db, SessionsTable, Store } from '../store/index.ts';
import type { Token } from './tokens.ts';

/** Without a request for that long, somebody is signed out. */
const IDLE_MS = 8 * 3600_000;
/** And after that long in any case. */
const WHOLE_MS = 24 * 3600_000;

/** A person, as a provider vouched for. */
export interface Person {
  readonly name: string;
  readonly issuer: string;
  readonly groups: readonly string[];
}

/** Somebody who is signed in: a person, or whoever holds a token. */
export interface Session {
  readonly hash: string;
  readonly name: string;
  readonly issuer: string | null;
  readonly groups: readonly string[];
  readonly token_id: string | null;
  readonly seen_at: string;
  readonly expires_at: string;
}

/**
 * Signs somebody in, and returns what the cookie has to say; only its digest is kept. `before`: what the cookie said
 * until now; that session ends.
 */
export async function beginSession(
  store: Store,
  now: number,
  who: Person | Token,
  before: string | null,
): Promise<{ readonly secret: string; readonly expires_at: string }> {
  const secret = randomBytes(32).toString('base64url');
  const person = 'issuer' in who ? who : null;
  const token = 'issuer' in who ? null : who;
  const name = token === null ? who.name : tokenActor(who.name).name;
  // A token that ends sooner takes its session along.
  const expires_at = [toIso(now + WHOLE_MS), token?.expires_at ?? null]
    .filter((t) => t !== null)
    .toSorted()[0];
  const row: SessionsTable = {
    hash: sha256(secret),
    name,
    issuer: person?.issuer ?? null,
    person_groups: JSON.stringify(person?.groups ?? []),
    token_id: token?.id ?? null,
    created_at: toIso(now),
    seen_at: toIso(now),
    expires_at: expires_at ?? toIso(now + WHOLE_MS),
  };
  await store.tx(async (tx) => {
    await tx
      .deleteFrom('sessions')
      .where((e) => e.or([e('expires_at', '<=', toIso(now)), e('seen_at', '<=', toIso(now - IDLE_MS))]))
      .execute();
    if (before !== null) await tx.deleteFrom('sessions').where('hash', '=', sha256(before)).execute();
    await tx.insertInto('sessions').values(row).execute();
    await appendEvents(tx, now, [
      {
        type: 'access.signed_in',
        actor: { name, identity: 'verified' },
        message: `${name} signed in${person === null ? ' with a token' : ` by ${person.issuer}`}`,
        data: { issuer: row.issuer, token_id: row.token_id, groups: person?.groups ?? [] },
      },
    ]);
  });
  return { secret, expires_at: row.expires_at };
}

/** The session that a cookie belongs to, unless it is over. */
export async function sessionOf(db: Db, now: number, secret: string): Promise<Session | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(secret)) return null;
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('hash', '=', sha256(secret))
    .executeTakeFirst();
  if (row === undefined || row.expires_at <= toIso(now) || row.seen_at <= toIso(now - IDLE_MS)) return null;
  const { person_groups, created_at: _created, ...session } = row;
  return { ...session, groups: z.array(z.string()).parse(JSON.parse(person_groups)) };
}

/** Notes that somebody is still there, at most once a minute. */
export async function markSessionSeen(db: Db, now: number, session: Session): Promise<void> {
  if (Math.abs(now - Date.parse(session.seen_at)) < 60_000) return;
  await db
    .updateTable('sessions')
    .set({ seen_at: toIso(now) })
    .where('hash', '=', session.hash)
    .execute();
}

/** Signs somebody out. Harmless twice. */
export async function endSession(store: Store, now: number, secret: string): Promise<void> {
  await store.tx(async (tx) => {
    const ended = await tx
      .deleteFrom('sessions')
      .where('hash', '=', sha256(secret))
      .returning('name')
      .executeTakeFirst();
    if (ended === undefined) return;
    await appendEvents(tx, now, [
      {
        type: 'access.signed_out',
        actor: { name: ended.name, identity: 'verified' },
        message: `${ended.name} signed out`,
      },
    ]);
  });
}
