import type { Context } from 'hono';
import {
  getToken,
  markSessionSeen,
  markTokenUsed,
  rolesOfPerson,
  sessionOf,
  tokenOf,
} from '../../access/index.ts';
import type { Session, Token } from '../../access/index.ts';
import type { Project } from '../../app.ts';
import { tokenActor } from '../../kernel/actor.ts';
import { rolesWithin } from '../../kernel/roles.ts';
import type { ApiEnv } from '../api.ts';
import type { Caller } from './caller.ts';
import { readCookie } from './cookies.ts';

/** What a request shows of who makes it. `known.key`: what its requests are counted under. */
export type Shown =
  | { readonly shows: 'nothing' }
  | { readonly shows: 'known'; readonly caller: Caller; readonly key: string }
  | {
      readonly shows: 'wrong';
      readonly detail: string;
      readonly hint: string;
      readonly token: string | null;
    };

const NOTHING: Shown = { shows: 'nothing' };

/**
 * Who a request is from, by its token, else by its cookie. A token that is wrong is no reason to look further. `mark`:
 * note that it was used, and that somebody is still there.
 */
export async function shownBy(project: Project, c: Context<ApiEnv>, mark: boolean): Promise<Shown> {
  const authorization = c.req.header('authorization');
  if (authorization !== undefined) return byToken(project, authorization, mark);
  const cookie = readCookie(c, project.config.server, 'session');
  return cookie === null || cookie === '' ? NOTHING : bySession(project, cookie, mark);
}

async function byToken({ store, clock }: Project, authorization: string, mark: boolean): Promise<Shown> {
  const secret = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (secret === undefined)
    return wrong('The header `authorization` holds no token.', 'Write it as `Authorization: Bearer ty_…`.');
  const token = await tokenOf(store.db, clock.now(), secret);
  if (token === null)
    return wrong(
      'The token is not known here.',
      'Make one with `trainyard tokens create NAME --role viewer`.',
    );
  const over = overWith(token);
  if (over !== null) return over;
  // Nobody waits for that: somebody else may write just now, and for long. Where it fails, the next request notes it.
  if (mark) void markTokenUsed(store.db, clock.now(), token).catch(() => undefined);
  return {
    shows: 'known',
    caller: { ...tokenActor(token.name), via: 'token', roles: rolesWithin(token.roles) },
    key: token.id,
  };
}

/** Why a token does not let anybody in any more, or null. */
export function overWith(token: Token): (Shown & { readonly shows: 'wrong' }) | null {
  if (token.state === 'active') return null;
  const since = (token.state === 'revoked' ? token.revoked_at : token.expires_at) ?? '';
  return wrong(
    `The token ${token.name} ${token.state === 'revoked' ? 'was revoked' : 'expired'} ${since}.`,
    `Make another one with \`trainyard tokens create NAME --role ${token.roles.join(',')}\`.`,
    token.name,
  );
}

const wrong = (
  detail: string,
  hint: string,
  token: string | null = null,
): Shown & { readonly shows: 'wrong' } => ({ shows: 'wrong', detail, hint, token });

/** A cookie that is over shows nothing: the browser will keep it until somebody signs in again. */
async function bySession(project: Project, cookie: string, mark: boolean): Promise<Shown> {
  const { store, clock } = project;
  const session = await sessionOf(store.db, clock.now(), cookie);
  const roles = session === null ? null : await rolesOf(project, session);
  if (session === null || roles === null) return NOTHING;
  if (mark) void markSessionSeen(store.db, clock.now(), session).catch(() => undefined);
  return {
    shows: 'known',
    caller: { name: session.name, identity: 'verified', via: 'session', roles },
    key: session.hash,
  };
}

/** Null: the token that it began with, or the provider that vouched for the person, counts no more. */
async function rolesOf({ store, clock, config }: Project, session: Session): Promise<Caller['roles'] | null> {
  if (session.token_id !== null) {
    const token = await getToken(store.db, clock.now(), session.token_id);
    return token?.state === 'active' ? rolesWithin(token.roles) : null;
  }
  return session.issuer === (config.server.oidc?.issuer ?? null)
    ? rolesOfPerson(session, config.server.roles, config.groups)
    : null;
}
