import { readdirSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openProject } from '../../app.ts';
import { fleetOf } from '../../testing/test-world.ts';
import type { TestWorld, testWorld } from '../../testing/test-world.ts';
import { freeze } from '../../fleet/index.ts';
import { planAside } from '../aside/plan-aside.ts';
import type { PlanView } from '../../views/index.ts';
import { PlanShelf } from '../plan-shelf.ts';
import { createApp } from '../app.ts';
import { testApi } from '../test-api.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

type Json = Record<string, unknown>;
const TESTER = { name: 'tester', identity: 'claimed' } as const;

async function world(options: Parameters<typeof testWorld>[0] = {}) {
  const { world: w, get, post } = await testApi({ environment: null, ...options });
  open.push(w);
  return { w, get, post };
}

const ids = (body: Json): string[] => (body['items'] as { id: string }[]).map((c) => c.id);

describe('plans', () => {
  it('tell by cause what would be trained, and train nothing', async () => {
    const { w, post, get } = await world({ circuits: fleetOf(30) });
    await w.run({ circuits: ['p_c00*'] });
    await w.write(
      'config/circuits.yaml',
      fleetOf(30).replace('circuit_id: c003', 'circuit_id: c003, training_days: 60'),
    );
    const { status, body } = await post('/plans');
    expect(status).toBe(201);
    expect(body).toMatchObject({
      plan_id: expect.stringMatching(/^plan_[0-9a-f]{12}-[0-9a-f]{6}$/),
      made_by: expect.any(String),
      summary: { train: 21, skip: 9, circuits: 30, owed: 0 },
      guard: { blocked: false },
      detection: { mode: 'hash', base_ref: null },
      preflight: [{ ok: true }],
      more_groups: 0,
    });
    const groups = body['groups'] as { cause: string; count: number; circuits: string[]; group: number }[];
    expect(groups.map(({ cause, count, circuits }) => [cause, count, circuits.length])).toEqual([
      ['new', 20, 20],
      ['config', 1, 1],
      ['unchanged', 9, 9],
    ]);
    const path = `/plans/${String(body['plan_id'])}`;
    expect((await get(path)).body).toEqual(body);
    expect(ids((await get(`${path}/circuits?cause=config`)).body)).toEqual(['p_c003']);
    expect((await get(`${path}/circuits?q=c003`)).body).toMatchObject({
      items: [
        { reason: 'training_days 30 → 60', changes: [{ field: 'training_days', before: 30, after: 60 }] },
      ],
    });
    expect(ids((await get(`${path}/circuits?group=2&action=skip`)).body)).toHaveLength(9);
    const first = (await get(`${path}/circuits?cause=new&limit=15`)).body;
    const second = (await get(`${path}/circuits?cause=new&limit=15&cursor=${String(first['next'])}`)).body;
    expect(new Set([...ids(first), ...ids(second)]).size).toBe(20);
    expect(second['next']).toBeNull();
    expect((await get('/runs')).body).toMatchObject({ items: [{ number: 1 }], next: null });
  });

  it('are run as they were sealed, whole numbers of Python and all', async () => {
    const { w, post } = await world({
      circuits: fleetOf(2, ', hyperparameters: {alpha: 1.0}'),
      settings: 'gates: {registry-promotion: {approvers: [tester]}}\n',
    });
    const here = await w.plan({ circuits: ['p_c001'] });
    const { body } = await post('/plans', { circuits: ['p_c001'] });
    const run = await post(`/plans/${String(body['plan_id'])}/run`, { comment: 'a try' });
    expect(run.status).toBe(202);
    expect(run.body).toMatchObject({ number: 1, status: 'pending', pr: false, params: { comment: 'a try' } });
    expect(String(body['plan_id']).startsWith(String(run.body['plan_id']))).toBe(true);
    const rows = await w.project.store.db.selectFrom('plan_circuits').selectAll().execute();
    expect(rows.map(({ circuit_id, settings }) => [circuit_id, settings])).toEqual(
      [...here.plan.pinned].map(([id, pinned]) => [id, freeze(pinned)]),
    );
    expect(rows[0]?.settings).toContain('"$float":"1.0"');
  });

  it('are refused with what moved since', async () => {
    const { w, post } = await world({ circuits: fleetOf(3) });
    const { body } = await post('/plans');
    await w.write('config/circuits.yaml', fleetOf(4));
    const refused = await post(`/plans/${String(body['plan_id'])}/run`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'conflict', problems: [{ path: 'fleet' }, {}, {}] });
    expect(refused.body['detail']).toContain('config/circuits.yaml');
    await w.write('config/circuits.yaml', 'circuits: [{}]\n');
    const broken = await post(`/plans/${String(body['plan_id'])}/run`);
    expect(broken.status).toBe(409);
    expect(broken.body).toMatchObject({ problems: [{ file: 'config/circuits.yaml' }, {}] });
  });

  it('that are wider than they may be need a reason when they are made', async () => {
    const { w, post } = await world({ circuits: fleetOf(12) });
    await w.run();
    await w.write('config/circuits.yaml', fleetOf(12, ', features: [a]'));
    const blocked = (await post('/plans')).body;
    expect(blocked).toMatchObject({ guard: { blocked: true, retrain: 12 }, summary: { train: 12 } });
    expect(await post(`/plans/${String(blocked['plan_id'])}/run`)).toMatchObject({
      status: 409,
      body: { code: 'blocked_by_guard' },
    });
    const allowed = (await post('/plans', { allow_wide: 'a new feature' })).body;
    expect(allowed).toMatchObject({ guard: { blocked: false, allow_wide: 'a new feature' } });
    expect(allowed['plan_id']).not.toBe(blocked['plan_id']);
    expect(await post(`/plans/${String(allowed['plan_id'])}/run`)).toMatchObject({
      status: 202,
      body: { params: { allow_wide: 'a new feature' } },
    });
  });

  it('are still there after a restart, for a day, and the last of them only', async () => {
    const { w, get } = await world({ circuits: fleetOf(5) });
    const shelf = (): PlanShelf => new PlanShelf(w.project, 4);
    const options = { detection: 'hash', base_ref: null, if_changed: false, include_failed: false } as const;
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      w.clock.jumpTo(w.clock.now() + 1000);
      const view = await shelf().make({ ...options, circuits: [`p_c00${i}`], allow_wide: null }, TESTER);
      made.push(view.plan_id);
    }
    const [first = '', second = ''] = made;
    await expect(shelf().get(first)).rejects.toThrow(`There is no plan ${first}`);
    expect((await get(`/plans/${second}/circuits?action=train`)).body).toMatchObject({
      items: [{ id: 'p_c001' }],
    });
    expect(readdirSync(join(w.project.store.folder, 'plans'))).toHaveLength(4);
    w.clock.jumpTo(w.clock.now() + 86_400_000);
    expect((await get(`/plans/${second}`)).status).toBe(404);
    await expect(shelf().sealed(second)).rejects.toThrow('any more');
    await shelf().make({ ...options, circuits: [], allow_wide: null }, TESTER);
    expect(readdirSync(join(w.project.store.folder, 'plans'))).toHaveLength(1);
  });

  it('made at one time are all there, both as they are shown and as they were sealed', async () => {
    const { w } = await world({ circuits: fleetOf(1) });
    const options = { detection: 'hash', base_ref: null, if_changed: false, include_failed: false } as const;
    const small = await planAside(w.project, { ...options, circuits: [], allow_wide: null });
    const circuits = small.plan.circuits.map((each) => ({ ...each, reason: 'x'.repeat(20_000_000) }));
    const large = { ...small, plan: { ...small.plan, circuits } };
    // The large one takes long to write, and meanwhile each of the others clears up, at another server.
    const server = (): PlanShelf =>
      new PlanShelf(w.project, 100, async (_project, { allow_wide }) =>
        allow_wide === 'large' ? large : small,
      );
    const [one, another] = [server(), server()];
    const others = async (): Promise<readonly PlanView[]> => {
      const made: PlanView[] = [];
      for (let i = 0; i < 20; i++)
        made.push(await another.make({ ...options, circuits: [], allow_wide: `small ${i}` }, TESTER));
      return made;
    };
    const [first, more] = await Promise.all([
      one.make({ ...options, circuits: [], allow_wide: 'large' }, TESTER),
      others(),
    ]);
    expect(readdirSync(join(w.project.store.folder, 'plans'))).toHaveLength(21);
    for (const { plan_id } of [first, ...more])
      expect(await new PlanShelf(w.project).sealed(plan_id)).toMatchObject({
        options: { detection: 'hash' },
      });
  });

  it('are cleared away by a server that is sure of it: what another one writes just now stays', async () => {
    const { w } = await world({ circuits: fleetOf(2) });
    const folder = join(w.project.store.folder, 'plans');
    const options = { detection: 'hash', base_ref: null, if_changed: false, include_failed: false } as const;
    const [one, another] = [new PlanShelf(w.project, 2), new PlanShelf(w.project, 2)];
    const make = (shelf: PlanShelf, circuit: string): Promise<PlanView> => {
      w.clock.jumpTo(w.clock.now() + 1000);
      return shelf.make({ ...options, circuits: [circuit], allow_wide: null }, TESTER);
    };
    const first = await make(one, 'p_c000');
    const again = await make(another, 'p_c000');
    expect(again.plan_id).toBe(first.plan_id);
    expect(readdirSync(folder)).toHaveLength(1);
    // As a process leaves it that writes, or died while it did.
    const half = '.plan_0123456789ab-012345.1-01234567.json.0123456789ab.tmp';
    const old = 'plan_0123456789ab-012345.sealed.json';
    for (const name of [half, old]) await writeFile(join(folder, name), '{');
    await make(one, 'p_c001');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining([half, old]));
    const day_ago = new Date(w.clock.now() - 86_400_000);
    await utimes(join(folder, half), day_ago, day_ago);
    await make(one, 'p_c001');
    expect(readdirSync(folder)).toHaveLength(3);
    expect(readdirSync(folder)).not.toContain(half);
    // Both had it in memory, and it was made again since: as old as it was made last.
    expect((await one.get(first.plan_id)).view.plan_id).toBe(first.plan_id);
    w.clock.jumpTo(Date.parse(first.expires_at));
    expect((await one.get(first.plan_id)).view.made_at).toBe(again.made_at);
    expect((await one.sealed(first.plan_id)).plan_id).toBe(first.plan_id.slice(0, 17));
  });

  it('that were edited on disk are not run', async () => {
    const { w, post } = await world({ circuits: fleetOf(2) });
    const { body } = await post('/plans');
    const folder = join(w.project.store.folder, 'plans');
    const file = join(folder, readdirSync(folder)[0] ?? '');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('p_c001', 'p_c000'));
    expect((await post(`/plans/${String(body['plan_id'])}/run`)).status).toBe(409);
  });

  it('are planned and run in one, with gates approved in advance', async () => {
    const { w, post } = await world({ circuits: fleetOf(2) });
    const run = await post('/runs', { circuits: ['p_c000'], approve: ['registry-promotion'], pr: true });
    expect(run).toMatchObject({
      status: 202,
      body: { pr: true, params: { approved_gates: ['registry-promotion'], selected: ['p_c000'] } },
    });
    await w.settle();
    expect(await post('/runs', { approve: ['no-such-gate'] })).toMatchObject({ status: 400 });
    expect(await post('/runs')).toMatchObject({ status: 202, body: { number: 2 } });
  });

  it('are rehearsed on the simulated provider where the project trains elsewhere', async () => {
    const { w, post } = await world({ circuits: fleetOf(2) });
    await w.write('trainyard.yaml', 'provider: local\n');
    const project = await openProject({
      folder: w.root,
      mode: 'write',
      env: { USER: 'tester' },
      clock: w.clock,
    });
    try {
      const app = createApp({ project });
      const ask = (path: string, body: Json): Promise<Response> =>
        Promise.resolve(
          app.request(`/api/v1${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
        );
      const simulation = { fail: ['p_c001'], fail_rate: 0.5, duration_s: 7, speed: 10, max_parallel: 3 };
      const rehearsal = await ask('/runs', { provider: 'simulated', simulation });
      expect(rehearsal.status).toBe(202);
      expect(await rehearsal.json()).toMatchObject({
        rehearsal: true,
        params: { provider: 'simulated', simulation },
      });
      for (const [body, says] of [
        [{ simulation }, /would train on local/],
        [{ provider: 'simulated', simulation: { fail: ['p_c009'] } }, /no circuit is called p_c009/],
        [{ provider: 'simulated', simulation: { fail: [':2'] } }, /cannot read the failure/],
        [{ provider: 'slurm' }, /provider/],
      ] as const) {
        const refused = await ask('/runs', body);
        expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(says)]);
      }
    } finally {
      await project.close();
    }
    expect((await post('/plans')).status).toBe(201);
    expect(await w.project.store.db.selectFrom('runs').select('number').execute()).toHaveLength(1);
  });

  it('start one run for one key, however often they are asked to', async () => {
    const { w, post } = await world({ circuits: fleetOf(2) });
    const { body } = await post('/plans');
    const path = `/plans/${String(body['plan_id'])}/run`;
    const first = await post(path, {}, { 'idempotency-key': 'one' });
    const again = await post(path, {}, { 'idempotency-key': 'one' });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await w.project.store.db.selectFrom('runs').select('number').execute()).toEqual([{ number: 1 }]);
  });

  it.each([
    ['a fleet that cannot be used', '/plans', {}, 400, 'usage'],
    ['circuits that do not exist', '/plans', { circuits: ['p_c0'] }, 400, 'usage'],
    ['a base that git does not know', '/plans', { detection: 'git', base_ref: '--output=x' }, 400, 'usage'],
    ['an unknown detection', '/plans', { detection: 'guess' }, 400, 'usage'],
    ['an empty reason', '/plans', { allow_wide: '  ' }, 400, 'usage'],
    ['a body that is no object', '/plans', [] as never, 400, 'usage'],
  ])('refuse %s', async (what, path, request: Json, status, code) => {
    const { w, post } = await world({ circuits: fleetOf(2) });
    if (what.startsWith('a fleet')) await w.write('config/circuits.yaml', 'circuits: [{}]\n');
    expect(await post(path, request)).toMatchObject({ status, body: { code, detail: expect.any(String) } });
  });

  it.each([
    ['an unknown plan', '/plans/plan_000000000000-000000', 404],
    ['a path for an id', '/plans/%2e%2e%2fcache%2ffleet', 404],
    ['a very long id', `/plans/${'x'.repeat(101)}`, 400],
  ])('do not show %s', async (_, path, status) => {
    const { get } = await world({ circuits: fleetOf(1) });
    for (const each of [path, `${path}/circuits`]) expect((await get(each)).status).toBe(status);
  });

  it('refuse a cursor that is none', async () => {
    const { post, get } = await world({ circuits: fleetOf(1) });
    const { body } = await post('/plans');
    expect((await get(`/plans/${String(body['plan_id'])}/circuits?cursor=-1`)).status).toBe(400);
    expect((await get(`/plans/${String(body['plan_id'])}/circuits?group=x`)).status).toBe(400);
  });
});
