import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAudit, memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { beginSession, createToken, endSession, hasActiveToken, listTokens, markTokenUsed } from './index.ts';
import { revokeToken, rolesOfPerson, sessionOf, tokenOf } from './index.ts';

const ADA = { name: 'ada@x', identity: 'claimed' } as const;
const START = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3600_000;
let store: Store;
beforeEach(() => void (store = memoryStore()));
afterEach(() => store.close());
const make = (name = 'ci', expires_s: number | null = 3600) =>
  createToken(store, START, { name, roles: ['operator'], expires_s }, ADA);

describe('a token', () => {
  it('has a secret of 256 bits that is kept nowhere', async () => {
    const { token, secret } = await make();
    expect(secret).toMatch(/^ty_[A-Za-z0-9_-]{43}$/);
    expect(token).toMatchObject({ name: 'ci', state: 'active', roles: ['operator'], created_by: 'ada@x' });
    expect((await make('other')).secret).not.toBe(secret);
    for (const table of ['tokens', 'events', 'audit'] as const)
      expect(JSON.stringify(await store.db.selectFrom(table).selectAll().execute())).not.toContain(secret);
    expect(JSON.stringify(token)).not.toContain(secret);
  });

  it('is found by its secret alone', async () => {
    const { token, secret } = await make();
    expect(await tokenOf(store.db, START, secret)).toEqual(token);
    expect(await tokenOf(store.db, START, `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`)).toBe(
      null,
    );
    expect(await tokenOf(store.db, START, token.id)).toBe(null);
    expect(await tokenOf(store.db, START, '')).toBe(null);
  });

  it('ends by itself, and once revoked for good', async () => {
    const { secret } = await make();
    expect((await tokenOf(store.db, START + HOUR - 1, secret))?.state).toBe('active');
    expect((await tokenOf(store.db, START + HOUR, secret))?.state).toBe('expired');
    const revoked = await revokeToken(store, START + 1, 'ci', ADA);
    expect((await tokenOf(store.db, START + 1, secret))?.state).toBe('revoked');
    expect(await revokeToken(store, START + 2, revoked.id, ADA)).toEqual(revoked);
  });

  it.each(['', 'CI', 'a b', '-x', 'x'.repeat(65), 'token:x', '__proto__x', 'é'])(
    'cannot be called %j',
    async (name) => {
      await expect(make(name)).rejects.toMatchObject({ code: 'usage' });
    },
  );

  it('shares its name with none that is in use', async () => {
    await make();
    await expect(make()).rejects.toMatchObject({
      code: 'conflict',
      hint: expect.stringContaining('revoke ci'),
    });
    await revokeToken(store, START, 'ci', ADA);
    expect((await make()).token.name).toBe('ci');
    await expect(revokeToken(store, START, 'c1', ADA)).rejects.toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining('ci'),
    });
  });

  it('does not last longer than calendars do, and needs a role', async () => {
    await expect(make('ci', 1e12)).rejects.toMatchObject({ code: 'usage' });
    await expect(make('ci', Infinity)).rejects.toMatchObject({ code: 'usage' });
    await expect(
      createToken(store, START, { name: 'ci', roles: [], expires_s: null }, ADA),
    ).rejects.toMatchObject({ code: 'usage' });
  });

  it('says when it was last used, to the minute', async () => {
    const { secret } = await make();
    const use = async (now: number): Promise<string | null | undefined> => {
      const token = await tokenOf(store.db, now, secret);
      if (token !== null) await markTokenUsed(store.db, now, token);
      return (await tokenOf(store.db, now, secret))?.last_used_at;
    };
    const first = await use(START + 1000);
    expect(first).toBe('2026-01-01T00:00:01.000Z');
    expect(await use(START + 60_999)).toBe(first);
    expect(await use(START + 61_000)).toBe('2026-01-01T00:01:01.000Z');
  });

  it('is on record when it is made and when it is revoked', async () => {
    await make();
    await revokeToken(store, START, 'ci', ADA);
    const audit = await listAudit(store.db, { limit: 10, type: 'access.*' });
    expect(audit.map(({ type, actor }) => [type, actor])).toEqual([
      ['access.token_revoked', 'ada@x'],
      ['access.token_created', 'ada@x'],
    ]);
  });

  it('counts as a way in while it is active', async () => {
    expect(await hasActiveToken(store.db, START)).toBe(false);
    await make();
    expect(await hasActiveToken(store.db, START)).toBe(true);
    expect(await hasActiveToken(store.db, START + HOUR)).toBe(false);
    await make('good', null);
    expect(await hasActiveToken(store.db, START + HOUR)).toBe(true);
    await revokeToken(store, START, 'good', ADA);
    expect(await hasActiveToken(store.db, START + HOUR)).toBe(false);
  });

  it('is listed page by page, the newest first', async () => {
    for (const name of ['a', 'b', 'c']) await make(name);
    await revokeToken(store, START, 'b', ADA);
    const first = await listTokens(store.db, START, { limit: 1, revoked: false });
    expect(first.map((t) => t.name)).toEqual(['c']);
    const more = await listTokens(store.db, START, { limit: 9, revoked: false, before: first[0]?.id });
    expect(more.map((t) => t.name)).toEqual(['a']);
    expect((await listTokens(store.db, START, { limit: 9, revoked: true })).map((t) => t.name)).toEqual([
      'c',
      'b',
      'a',
    ]);
  });
});

describe('a session', () => {
  const person = { name: 'ada@x', issuer: 'https://login.example', groups: ['ml'] };
  const seen = (hash: string, now: number) =>
    store.db
      .updateTable('sessions')
      .set({ seen_at: new Date(now).toISOString() })
      .where('hash', '=', hash)
      .execute();

  it('keeps no more than a digest of what the cookie says', async () => {
    const { secret } = await beginSession(store, START, person, null);
    expect(await sessionOf(store.db, START, secret)).toMatchObject({ name: 'ada@x', groups: ['ml'] });
    for (const table of ['sessions', 'events', 'audit'] as const)
      expect(JSON.stringify(await store.db.selectFrom(table).selectAll().execute())).not.toContain(secret);
  });

  it('ends eight hours after the last request, and after a day in any case', async () => {
    const { secret } = await beginSession(store, START, person, null);
    const session = await sessionOf(store.db, START + 8 * HOUR - 1, secret);
    expect(session).not.toBe(null);
    expect(await sessionOf(store.db, START + 8 * HOUR, secret)).toBe(null);
    for (let h = 6; h < 24; h += 6) await seen(session?.hash ?? '', START + h * HOUR);
    expect(await sessionOf(store.db, START + 24 * HOUR - 1, secret)).not.toBe(null);
    expect(await sessionOf(store.db, START + 24 * HOUR, secret)).toBe(null);
  });

  it('replaces the one that the browser had, and takes along those that are over', async () => {
    const first = await beginSession(store, START, person, null);
    const second = await beginSession(store, START, person, first.secret);
    expect(await sessionOf(store.db, START, first.secret)).toBe(null);
    expect(second.secret).not.toBe(first.secret);
    await beginSession(store, START + 30 * HOUR, person, null);
    expect(await store.db.selectFrom('sessions').selectAll().execute()).toHaveLength(1);
  });

  it('that began with a token ends with it', async () => {
    const { token } = await make('ci', 3600);
    const { secret, expires_at } = await beginSession(store, START, token, null);
    expect(expires_at).toBe(token.expires_at);
    expect(await sessionOf(store.db, START, secret)).toMatchObject({ name: 'token:ci', token_id: token.id });
    await revokeToken(store, START, 'ci', ADA);
    expect(await sessionOf(store.db, START, secret)).toBe(null);
  });

  it('ends when somebody signs out, which is on record once', async () => {
    const { secret } = await beginSession(store, START, person, null);
    await endSession(store, START, secret);
    await endSession(store, START, secret);
    expect(await sessionOf(store.db, START, secret)).toBe(null);
    const audit = await listAudit(store.db, { limit: 10 });
    expect(audit.map((e) => [e.type, e.actor, e.identity])).toEqual([
      ['access.signed_out', 'ada@x', 'verified'],
      ['access.signed_in', 'ada@x', 'verified'],
    ]);
  });
});

describe('roles of people', () => {
  const roles = { viewer: ['*'], operator: ['@crew', 'eve@x'], approver: ['oidc:Leads'], admin: ['root@x'] };
  const groups = { crew: ['Olga@x'] };
  it.each([
    ['nobody@x', [], ['viewer']],
    ['olga@X', [], ['viewer', 'operator']],
    ['EVE@x', [], ['viewer', 'operator']],
    ['bob@x', ['Leads'], ['viewer', 'approver']],
    ['bob@x', ['leads'], ['viewer']],
    ['eve@x', ['Leads'], ['viewer', 'operator', 'approver']],
    ['root@x', [], ['viewer', 'operator', 'approver', 'admin']],
  ])('of %s in %j are %j', (name, of, expected) => {
    expect(rolesOfPerson({ name, groups: of }, roles, groups)).toEqual(expected);
  });

  it('come from nowhere else: a group that is gone and a name like a rule give none', () => {
    const none = { viewer: ['@gone'], operator: [], approver: [], admin: ['oidc:root'] };
    expect(rolesOfPerson({ name: 'oidc:root', groups: [] }, none, {})).toEqual([]);
    expect(rolesOfPerson({ name: '@gone', groups: [] }, none, {})).toEqual([]);
  });
});
