import { afterEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../gates/index.ts';
import { SIGN_IN, sessionHeaders } from '../../testing/test-callers.ts';
import { fleetOf } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';
import type { Answer, TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});
const api = async (...options: Parameters<typeof testApi>): Promise<TestApi> => {
  const made = await testApi(...options);
  open.push(made);
  return made;
};

interface Subject {
  readonly subject: string;
  readonly verdict: string;
  readonly held_because: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly change: Readonly<Record<string, number>> | null;
}
const items = (answer: Answer): Subject[] => answer.body['items'] as Subject[];
const ALL = Array.from({ length: 12 }, (_, i) => `p_c${String(i).padStart(3, '0')}`);

/** Twelve models that wait for promotion, six of them with one in use already; some are held back by a quality gate. */
async function twelve(
  more: { readonly settings?: string; readonly actor?: Actor } = {},
): Promise<TestApi & { id: string }> {
  const { actor } = more;
  const made = await api(
    {
      environment: null,
      circuits: fleetOf(12),
      settings: `quality: ["mae <= 5"]\n${more.settings ?? ''}`,
    },
    actor === undefined ? {} : { actor: async () => actor },
  );
  const first = await made.world.run({ circuits: ALL.slice(0, 6) });
  const { store } = made.world.project;
  const before = await store.db
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', first.id)
    .executeTakeFirstOrThrow();
  const subjects = (await made.get(`/approvals/${before.id}/subjects`)).body['items'] as Subject[];
  if (actor === undefined)
    await made.post(`/approvals/${before.id}/votes`, {
      verdict: 'approve',
      comment: 'first of all',
      subjects: subjects.map((s) => s.subject),
    });
  await made.world.settle();
  await made.world.run({ circuits: ALL });
  const { body } = await made.get('/approvals?run=2&gate=registry-promotion');
  const [row] = body['items'] as { id: string }[];
  return { ...made, id: row?.id ?? '' };
}

describe('the inbox', () => {
  it('say whether they are of a rehearsal, whose models stand in a registry of their own', async () => {
    const { get, id, world } = await twelve();
    expect((await get(`/approvals/${id}`)).body).toMatchObject({ rehearsal: false });
    await world.project.store.db.updateTable('runs').set({ rehearsal: 1 }).where('number', '=', 2).execute();
    expect((await get(`/approvals/${id}`)).body).toMatchObject({ run: 2, rehearsal: true });
    const { items: rows } = (await get('/approvals')).body as {
      items: { run: number; rehearsal: boolean }[];
    };
    expect(rows.map(({ run, rehearsal }) => [run, rehearsal])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('lists requests newest first, by status, run and gate, page by page', async () => {
    const { get, id } = await twelve();
    expect((await get('/approvals?status=waiting')).body).toMatchObject({
      items: [
        { id, run: 2, gate: 'registry-promotion', title: 'Promote 12 models', counts: { pending: 12 } },
      ],
      next: null,
    });
    const first = (await get('/approvals?limit=1')).body;
    expect(first['next']).toBe(id);
    expect((await get(`/approvals?limit=1&cursor=${id}`)).body).toMatchObject({
      items: [{ run: 1, status: 'decided' }],
      next: null,
    });
    expect(items(await get('/approvals?gate=training-retry'))).toEqual([]);
    expect((await get('/approvals?run=9')).status).toBe(404);
    expect((await get('/approvals?cursor=%2F')).status).toBe(400);
    expect((await get('/approvals?status=open')).status).toBe(400);
  });

  it('shows a request with its votes, and that the caller may decide', async () => {
    const { get, id } = await twelve();
    expect((await get(`/approvals/${id}`)).body).toMatchObject({ id, votes: [], my_refusal: null });
    const [, first] = (await get('/approvals')).body['items'] as { id: string }[];
    expect((await get(`/approvals/${String(first?.id)}`)).body).toMatchObject({
      votes: [{ voter: 'tester', verdict: 'approve', comment: 'first of all', counts: true }],
    });
    expect((await get('/approvals/apr_nothing')).status).toBe(404);
    expect((await get('/approvals/..%2F..%2Fetc%2Fpasswd')).status).toBe(404);
  });

  it('says why the caller may not decide', async () => {
    const { get, post, id } = await twelve({
      settings: 'gates: {registry-promotion: {approvers: [ann]}}\n',
    });
    expect((await get(`/approvals/${id}`)).body).toMatchObject({
      my_refusal: {
        message: expect.stringContaining('tester is not an approver'),
        hint: expect.stringContaining('ann'),
      },
    });
    expect(await post(`/approvals/${id}/votes`, { verdict: 'approve' })).toMatchObject({
      status: 403,
      body: { code: 'not_allowed' },
    });
  });
});

describe('subjects of a request', () => {
  it('show the candidate beside the model in use, and what a quality gate has against it', async () => {
    const { get, id } = await twelve();
    const { body } = await get(`/approvals/${id}/subjects`);
    expect(body).toMatchObject({ total: 12, next: null, metrics: ['mae', 'rmse', 'skill'] });
    const subjects = body['items'] as (Subject & {
      current: { version: number; metrics: Record<string, number> } | null;
    })[];
    const held = subjects.filter((s) => s.held_because !== null);
    expect(held.length).toBeGreaterThan(0);
    expect(held.every((s) => (s.metrics['mae'] ?? 0) > 5)).toBe(true);
    const [first] = subjects;
    expect(first).toMatchObject({
      current: { version: 1 },
      quality: [{ rule: 'mae <= 5' }],
      detail: { digest: expect.any(String) },
    });
    expect(first?.change?.['mae']).toBeCloseTo(
      (first?.metrics['mae'] ?? 0) - (first?.current?.metrics['mae'] ?? 0),
    );
    expect(subjects.at(-1)).toMatchObject({ current: null, change: null });
  });

  it.each(['subject', '-subject', 'mae', '-mae', 'change.mae', '-change.mae', 'nothing'])(
    'are sorted by %s, page by page, and none is lost',
    async (sort) => {
      const { get, id } = await twelve();
      const seen: Subject[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await get(
          `/approvals/${id}/subjects?sort=${sort}&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        seen.push(...items(page));
        cursor = page.body['next'] as string | null;
      }
      expect(new Set(seen.map((s) => s.subject)).size).toBe(12);
      expect(seen).toHaveLength(12);
      const valueOf = (s: Subject): number | null =>
        sort.endsWith('change.mae')
          ? (s.change?.['mae'] ?? null)
          : sort.endsWith('mae')
            ? (s.metrics['mae'] ?? null)
            : null;
      const values = seen.map(valueOf);
      const known = values.filter((v) => v !== null);
      const sign = sort.startsWith('-') ? -1 : 1;
      expect(known).toEqual(known.toSorted((a, b) => sign * (a - b)));
      expect(values.slice(known.length).every((v) => v === null)).toBe(true);
      if (sort.endsWith('subject')) {
        const names = seen.map((s) => s.subject);
        expect(names).toEqual(sign === 1 ? names.toSorted() : names.toSorted().toReversed());
      }
    },
  );

  it('are filtered by name, verdict, quality gate and numbers', async () => {
    const { get, post, id } = await twelve();
    const found = async (query: string): Promise<string[]> =>
      items(await get(`/approvals/${id}/subjects?${query}`)).map((s) => s.subject);
    const subjects = items(await get(`/approvals/${id}/subjects`));
    const names = (which: (s: Subject) => boolean): string[] => subjects.filter(which).map((s) => s.subject);
    expect(await found('q=C00')).toEqual(names((s) => s.subject.includes('c00')));
    expect(await found('held=true')).toEqual(names((s) => s.held_because !== null));
    expect(await found('metric=mae%3C%3D5')).toEqual(names((s) => (s.metrics['mae'] ?? 9) <= 5));
    expect(await found('metric=change.mae%3C0,rmse%3E1')).toEqual(names((s) => (s.change?.['mae'] ?? 1) < 0));
    expect(await found('verdict=reject')).toEqual([]);
    const one = subjects[0]?.subject ?? '';
    await post(`/approvals/${id}/votes`, { verdict: 'reject', subjects: [one] });
    expect(await found('verdict=reject')).toEqual([one]);
    expect((await found('verdict=pending')).length).toBe(11);
  });

  it.each([
    'metric=mae',
    'metric=mae%3D5',
    'metric=mae%3Cx',
    'cursor=abc',
    'cursor=W10',
    'held=1',
    'verdict=yes',
  ])('refuse %s', async (query) => {
    const { get, id } = await twelve();
    expect((await get(`/approvals/${id}/subjects?${query}`)).status).toBe(400);
  });
});

describe('a verdict', () => {
  it('by filter is on the subjects that it finds now, and says how many; held ones are left out', async () => {
    const { get, post, id } = await twelve();
    const subjects = items(await get(`/approvals/${id}/subjects`));
    const better = subjects.filter((s) => (s.change?.['mae'] ?? 1) < 0);
    const held = better.filter((s) => s.held_because !== null);
    const answer = await post(`/approvals/${id}/votes`, {
      verdict: 'approve',
      filter: { metric: 'change.mae<0' },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        subjects: better.length - held.length,
        left_out: held.length,
        approval: { counts: { approve: better.length - held.length } },
      },
    });
    const { body } = await get(`/approvals/${id}`);
    expect((body['votes'] as { subjects: string[] }[])[0]?.subjects.toSorted()).toEqual(
      better
        .filter((s) => !held.includes(s))
        .map((s) => s.subject)
        .toSorted(),
    );
  });

  it('lets held subjects through with a reason, and not without', async () => {
    const { get, post, id } = await twelve();
    const held = items(await get(`/approvals/${id}/subjects?held=true`));
    const filter = { held: true };
    expect((await post(`/approvals/${id}/votes`, { verdict: 'approve', filter })).status).toBe(403);
    expect(
      await post(`/approvals/${id}/votes`, { verdict: 'approve', filter, comment: 'known outlier' }),
    ).toMatchObject({
      status: 200,
      body: { subjects: held.length, left_out: 0 },
    });
  });

  it('on everything settles the request, and the run goes on', async () => {
    const { get, post, id, world } = await twelve();
    const answer = await post(`/approvals/${id}/votes`, { verdict: 'reject', comment: 'not today' });
    expect(answer.body).toMatchObject({
      subjects: null,
      approval: { status: 'decided', counts: { reject: 12 } },
    });
    await world.settle();
    expect((await get('/runs/2')).body).toMatchObject({ status: 'succeeded', approvals: [] });
  });

  it('said twice changes nothing; another one comes too late and says what to do', async () => {
    const { post, id } = await twelve();
    await post(`/approvals/${id}/votes`, { verdict: 'reject' });
    expect((await post(`/approvals/${id}/votes`, { verdict: 'reject' })).status).toBe(200);
    expect(await post(`/approvals/${id}/votes`, { verdict: 'approve' })).toMatchObject({
      status: 409,
      body: { code: 'approval_refused', hint: expect.stringContaining('trainyard approvals show') },
    });
    expect((await post(`/approvals/${id}/votes`, { verdict: 'approve', filter: { q: 'c00' } })).status).toBe(
      409,
    );
  });

  it('on something else than was shown is refused', async () => {
    const { get, post, id } = await twelve();
    const digest = (await get(`/approvals/${id}`)).body['subject_digest'];
    expect(
      await post(`/approvals/${id}/votes`, { verdict: 'hold', subject_digest: 'f'.repeat(64) }),
    ).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect((await post(`/approvals/${id}/votes`, { verdict: 'hold', subject_digest: digest })).status).toBe(
      200,
    );
  });

  it('comes too late for a request that expired, which is asked again when somebody wants', async () => {
    const { post, id, world } = await twelve();
    await world.later(31 * 86_400_000);
    expect(await post(`/approvals/${id}/votes`, { verdict: 'approve' })).toMatchObject({
      status: 409,
      body: { hint: expect.stringContaining('reopen') },
    });
    expect(await post(`/approvals/${id}/reopen`, { expires_s: 3600, comment: 'was away' })).toMatchObject({
      status: 200,
      body: { status: 'waiting', counts: { pending: 12 } },
    });
    expect((await post(`/approvals/${id}/reopen`, {})).status).toBe(409);
  });

  it('takes rejected models out of use where it says so', async () => {
    const { get, post, id, world } = await twelve();
    const [one] = items(await get(`/approvals/${id}/subjects`));
    await post(`/approvals/${id}/votes`, {
      verdict: 'reject',
      subjects: [one?.subject],
      retrain: true,
      comment: 'drifts',
    });
    const withdrawn = await world.project.store.db
      .selectFrom('model_versions')
      .select('withdrawn_reason')
      .where('withdrawn_at', 'is not', null)
      .execute();
    expect(withdrawn).toEqual([{ withdrawn_reason: 'drifts' }]);
  });

  it.each([
    [{}, 400],
    [{ verdict: 'pending' }, 400],
    [{ verdict: 'yes' }, 400],
    [{ verdict: 'approve', subjects: [] }, 400],
    [{ verdict: 'approve', subjects: ['nobody:1'] }, 400],
    [{ verdict: 'approve', subjects: ['a'], filter: {} }, 400],
    [{ verdict: 'approve', filter: { metric: 'mae' } }, 400],
    [{ verdict: 'approve', filter: { q: 'nowhere' } }, 409],
    [{ verdict: 'approve', retrain: true }, 400],
  ])('that is %j is refused', async (body, status) => {
    const { post, id } = await twelve();
    expect((await post(`/approvals/${id}/votes`, body)).status).toBe(status);
  });
});

describe('a request that expired is asked again', () => {
  // Runs of a test world are started by `tester`.
  const people = SIGN_IN.replace('operator: [olga@x]', 'operator: [olga@x, tester]');
  const expired = async (settings: string): Promise<(name: string) => Promise<Answer>> => {
    const { world, get, post } = await api({ environment: null, settings });
    await world.run();
    await world.later(31 * 86_400_000);
    const as = (name: string): Promise<Record<string, string>> => sessionHeaders(world.project, { name });
    const { body } = await get('/approvals', await as('root@x'));
    const [asked] = body['items'] as { id: string }[];
    return async (name) => post(`/approvals/${asked?.id}/reopen`, {}, await as(name));
  };

  it('by an approver', async () => {
    const reopen = await expired(people);
    expect(await reopen('ada@x')).toMatchObject({ status: 200, body: { status: 'waiting' } });
  });

  it('by the operator who started the run, also where the gate names others', async () => {
    const reopen = await expired(`${people}gates: {registry-promotion: {approvers: [ada@x]}}\n`);
    expect(await reopen('tester')).toMatchObject({ status: 200, body: { status: 'waiting' } });
  });

  it('by no other operator, and not by who started it and may only look now', async () => {
    const refused = (who: string, roles: string) => ({
      status: 403,
      body: {
        code: 'not_allowed',
        detail: `${who} is ${roles}; reopening a request needs the role approver.`,
      },
    });
    const reopen = await expired(SIGN_IN);
    expect(await reopen('olga@x')).toMatchObject(refused('olga@x', 'viewer, operator'));
    expect(await reopen('tester')).toMatchObject(refused('tester', 'viewer'));
  });
});
