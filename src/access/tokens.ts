import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { sha256 } from '../kernel/digest.ts';
import { ConflictError, NotFoundError, UsageError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { ROLES, Role } from '../kernel/roles.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { appendEvents } from '../store/index.ts';
import type { Db, Store, TokensTable } from '../store/index.ts';

export const TokenState = z.enum(['active', 'expired', 'revoked']);

/** An API token, without its secret. */
export interface Token extends Omit<TokensTable, 'hash' | 'roles'> {
  readonly roles: readonly Role[];
  readonly state: z.infer<typeof TokenState>;
}

const SECRET = /^ty_[A-Za-z0-9_-]{43}$/;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Makes a token. The secret is returned this once; nobody can tell it again.
 * @throws UsageError for a name or roles that make no sense
 * @throws ConflictError where a token of that name is in use
 */
export async function createToken(
  store: Store,
  now: number,
  wanted: { readonly name: string; readonly roles: readonly Role[]; readonly expires_s: number | null },
  actor: Actor,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const { name, expires_s } = wanted;
  if (!NAME.test(name))
    throw new UsageError(`${JSON.stringify(name)} is no name for a token.`, {
      hint: 'Use small letters, digits, `.`, `_` and `-`, at most 64, for example github-ci.',
    });
  const roles = ROLES.filter((role) => wanted.roles.includes(role));
  if (roles.length === 0)
    throw new UsageError('A token needs a role.', { hint: `Give it one of ${ROLES.join(', ')}.` });
  const expires = expires_s === null ? null : now + expires_s * 1000;
  // Later than that is no date any more.
  if (expires !== null && !(expires < MOST))
    throw new UsageError('The token would expire in a time that no calendar has.', {
      hint: 'Say 90d, 2w, or never.',
    });
  const secret = `ty_${randomBytes(32).toString('base64url')}`;
  const row: TokensTable = {
    id: newId('tok', now),
    name,
    hash: sha256(secret),
    roles: JSON.stringify(roles),
    created_by: actor.name,
    created_at: toIso(now),
    expires_at: expires === null ? null : toIso(expires),
    last_used_at: null,
    revoked_at: null,
    revoked_by: null,
  };
  await store.tx(async (tx) => {
    const taken = await tx
      .selectFrom('tokens')
      .select('id')
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (taken !== undefined)
      throw new ConflictError(`There is a token ${name} already.`, {
        hint: `Take another name, or revoke it first: trainyard tokens revoke ${name}`,
      });
    await tx.insertInto('tokens').values(row).execute();
    await appendEvents(tx, now, [
      {
        type: 'access.token_created',
        actor,
        message: `${actor.name} made the token ${name} (${roles.join(', ')}), ${row.expires_at === null ? 'for good' : `until ${row.expires_at}`}`,
        data: { token_id: row.id, name, roles, expires_at: row.expires_at },
      },
    ]);
  });
  return { token: tokenFrom(row, now), secret };
}

const MOST = Date.parse('9999-01-01T00:00:00Z');

/** Newest first; keyset paged by `before` (an id). */
export async function listTokens(
  db: Db,
  now: number,
  query: { readonly limit: number; readonly before?: string | undefined; readonly revoked: boolean },
): Promise<Token[]> {
  let select = db.selectFrom('tokens').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (query.before !== undefined) select = select.where('id', '<', query.before);
  if (!query.revoked) select = select.where('revoked_at', 'is', null);
  return (await select.execute()).map((row) => tokenFrom(row, now));
}

/**
 * From now on the token lets nobody in, nor do the sessions that began with it. Harmless twice.
 * @param which its id, or the name of one that is not revoked
 */
export async function revokeToken(store: Store, now: number, which: string, actor: Actor): Promise<Token> {
  return store.tx(async (tx) => {
    const row =
      (await tx.selectFrom('tokens').selectAll().where('id', '=', which).executeTakeFirst()) ??
      (await tx
        .selectFrom('tokens')
        .selectAll()
        .where('name', '=', which)
        .where('revoked_at', 'is', null)
        .executeTakeFirst());
    if (row === undefined) {
      const names = await tx.selectFrom('tokens').select('name').where('revoked_at', 'is', null).execute();
      throw new NotFoundError(`There is no token ${which} to revoke.`, {
        hint:
          didYouMean(
            which,
            names.map(({ name }) => name),
          ) ?? 'List them with `trainyard tokens`.',
      });
    }
    if (row.revoked_at !== null) return tokenFrom(row, now);
    const revoked = { revoked_at: toIso(now), revoked_by: actor.name };
    await tx.updateTable('tokens').set(revoked).where('id', '=', row.id).execute();
    await tx.deleteFrom('sessions').where('token_id', '=', row.id).execute();
    await appendEvents(tx, now, [
      {
        type: 'access.token_revoked',
        actor,
        message: `${actor.name} revoked the token ${row.name}`,
        data: { token_id: row.id, name: row.name },
      },
    ]);
    return tokenFrom({ ...row, ...revoked }, now);
  });
}

/** The token that a secret belongs to, whatever state it is in; null: none, or no secret of ours. */
export async function tokenOf(db: Db, now: number, secret: string): Promise<Token | null> {
  if (!SECRET.test(secret)) return null;
  const row = await db.selectFrom('tokens').selectAll().where('hash', '=', sha256(secret)).executeTakeFirst();
  return row === undefined ? null : tokenFrom(row, now);
}

export async function getToken(db: Db, now: number, id: string): Promise<Token | null> {
  const row = await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : tokenFrom(row, now);
}

/** Notes that it was used, at most once a minute. */
export async function markTokenUsed(db: Db, now: number, token: Token): Promise<void> {
  if (token.last_used_at !== null && Math.abs(now - Date.parse(token.last_used_at)) < 60_000) return;
  await db
    .updateTable('tokens')
    .set({ last_used_at: toIso(now) })
    .where('id', '=', token.id)
    .execute();
}

/** Whether any token would let somebody in. */
export async function hasActiveToken(db: Db, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('tokens')
    .select('id')
    .where('revoked_at', 'is', null)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', toIso(now))]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function tokenFrom({ hash: _hash, roles, ...row }: TokensTable, now: number): Token {
  const expired = row.expires_at !== null && Date.parse(row.expires_at) <= now;
  return {
    ...row,
    roles: z.array(Role).parse(JSON.parse(roles)),
    state: row.revoked_at !== null ? 'revoked' : expired ? 'expired' : 'active',
  };
}
