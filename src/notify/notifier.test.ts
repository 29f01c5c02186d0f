import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { NotificationSettings } from '../config/index.ts';
import { person } from '../testing/test-rows.ts';
import { countNotifications, dropDead, listNotifications, replayDead } from './outbox-lists.ts';
import { SECRET, settingsOf, until, whileTimePasses, yard } from './test-notify.ts';
import type { Yard } from './test-notify.ts';
import { HttpServer } from './test-servers.ts';
import type { Received } from './test-servers.ts';

let y: Yard;
let server: HttpServer;
beforeEach(async () => {
  y = yard();
  server = await HttpServer.start();
  await y.addRun();
});
afterEach(async () => {
  await server.stop();
  await y.store.close();
});

/** A webhook gets every event by itself. */
const hook = (more: Partial<NotificationSettings> = {}): NotificationSettings =>
  settingsOf({ channels: { hook: { type: 'webhook', url: server.url() } }, ...more });
/** Teams gets what was gathered. */
const digest = (more: Partial<NotificationSettings> = {}): NotificationSettings =>
  settingsOf({ channels: { ops: { type: 'teams', url: server.url() } }, ...more });

const Body = z.object({ type: z.string(), data: z.object({ seq: z.number(), run: z.number().nullable() }) });
const typeOf = (r: Received): string => Body.parse(r.json()).type;
const told = (): string[] => server.received.map(typeOf);
const idOf = (r: Received | undefined): string => r?.headers['webhook-id'] ?? '';
const states = async (): Promise<string[]> =>
  (await y.rows()).map((r) => `${r.title.split(':')[0]} ${r.state}`);

describe('what happens', () => {
  it('is no news to a channel that is new, and everything from then on is', async () => {
    await y.tell('run.failed');
    await y.send(hook());
    await y.tell('run.succeeded');
    await y.send(hook());
    expect(told()).toEqual(['run.succeeded']);
  });

  it('is told once, however many processes look', async () => {
    await y.send(hook());
    await y.tell('training.started', 'run.succeeded');
    await y.send(hook());
    await y.send(hook());
    expect(told()).toEqual(['training.started', 'run.succeeded']);
    expect(await states()).toEqual(['training.started delivered', 'run.succeeded delivered']);
  });

  it('is written into the outbox together with the place in the log, or not at all', async () => {
    await y.send(hook());
    await y.tell('training.started');
    await y.store.db.schema.alterTable('notifications').renameTo('gone').execute();
    await y.send(hook());
    await y.store.db.schema.alterTable('gone').renameTo('notifications').execute();
    await y.send(hook());
    expect(told()).toEqual(['training.started']);
  });

  it('is told from the middle of a long log', async () => {
    await y.send(hook());
    await y.tell(...Array.from({ length: 1203 }, (_, i) => (i % 2 === 0 ? 'job.failed' : 'stage.started')));
    await y.send(hook());
    expect(told()).toHaveLength(602);
    const seqs = server.received.map((r) => Body.parse(r.json()).data.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  it('is no news any more after a week', async () => {
    await y.send(hook());
    await y.tell('run.failed');
    y.clock.jumpTo(y.clock.now() + 8 * 86_400_000);
    await y.tell('run.succeeded');
    await y.send(hook());
    expect(told()).toEqual(['run.succeeded']);
  });

  it('costs nothing where no channel is configured', async () => {
    await y.tell('run.failed');
    await y.send(settingsOf({}));
    expect(await y.rows()).toEqual([]);
    expect(await y.store.db.selectFrom('notification_channels').selectAll().execute()).toEqual([]);
  });
});

describe('messages of a run', () => {
  it('go out in order, while those of other runs go beside them', async () => {
    await y.addRun({ id: 'run_2', number: 2 });
    await y.send(hook());
    const held: (() => void)[] = [];
    server.answer = (r) =>
      Body.parse(r.json()).data.run === 1 ? new Promise((resolve) => held.push(() => resolve({}))) : {};
    await y.tell('training.started', { type: 'training.started', run_id: 'run_2' }, 'run.succeeded', {
      type: 'run.failed',
      run_id: 'run_2',
    });
    const sending = y.send(hook());
    await until(() => server.received.length === 3);
    const ofRun = (n: number): string[] =>
      server.received.filter((r) => Body.parse(r.json()).data.run === n).map(typeOf);
    expect(ofRun(2)).toEqual(['training.started', 'run.failed']);
    expect(ofRun(1)).toEqual(['training.started']);
    held[0]?.();
    await until(() => held.length === 2);
    held[1]?.();
    await sending;
    expect(ofRun(1)).toEqual(['training.started', 'run.succeeded']);
  });

  it('wait for the first of them that failed', async () => {
    await y.send(hook());
    server.answer = (_, n) => (n === 0 ? { status: 503 } : {});
    await y.tell('training.started', 'run.succeeded');
    await whileTimePasses(y.clock, y.notifier(hook()).flush(3000));
    expect(told()).toEqual(['training.started', 'training.started', 'run.succeeded']);
    expect(idOf(server.received[0])).toBe(idOf(server.received[1]));
    expect(idOf(server.received[0])).not.toBe(idOf(server.received[2]));
  });

  it('do not wait for one that was given up', async () => {
    await y.send(hook());
    server.answer = (_, n) => (n === 0 ? { status: 400, body: 'no such field' } : {});
    await y.tell('training.started', 'run.succeeded');
    const notifier = await y.send(hook());
    expect(await states()).toEqual(['training.started dead', 'run.succeeded delivered']);
    expect(await notifier.leftover()).toEqual({
      waiting: 0,
      dead: 1,
      reasons: ['hook: HTTP 400: no such field'],
    });
  });
});

describe('a channel that fails', () => {
  it('is tried again after pauses that double, up to a quarter of an hour', async () => {
    await y.send(hook());
    server.answer = () => ({ status: 500 });
    await y.tell('run.failed');
    const stop = new AbortController();
    const notifier = y.notifier(hook());
    const running = notifier.run(stop.signal);
    const pauses: number[] = [];
    for (let n = 1; n <= 14; n++) {
      await until(async () => (await y.rows())[0]?.attempts === n);
      const due = Math.max(
        Date.parse((await y.rows())[0]?.due_at ?? ''),
        Date.parse(
          (await y.store.db.selectFrom('notification_channels').selectAll().executeTakeFirst())
            ?.paused_until ?? '0',
        ),
      );
      pauses.push((due - y.clock.now()) / 1000);
      y.clock.jumpTo(due);
      await y.clock.advance(500);
    }
    stop.abort();
    await running;
    expect(pauses.slice(0, 11)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    expect(pauses.slice(11)).toEqual([900, 900, 900]);
    await notifier.flush(0);
  });

  it('begins anew with its pauses once it took a message', async () => {
    await y.send(hook());
    server.answer = (_, n) => (n % 2 === 0 ? { status: 500 } : {});
    for (let n = 0; n < 4; n++) {
      await y.tell('run.failed');
      await whileTimePasses(y.clock, y.notifier(hook()).flush(3000));
    }
    expect(new Set(await states())).toEqual(new Set(['run.failed delivered']));
    expect(await y.store.db.selectFrom('notification_channels').selectAll().executeTakeFirst()).toMatchObject(
      {
        failures: 0,
        paused_until: null,
        last_error: null,
      },
    );
  });

  it('spreads its tries out', async () => {
    await y.send(hook());
    server.answer = () => ({ status: 500 });
    await y.tell('run.failed');
    const sending = y.send(hook(), { random: () => 0 });
    await until(async () => (await y.rows())[0]?.attempts === 1);
    expect(Date.parse((await y.rows())[0]?.due_at ?? '') - y.clock.now()).toBe(500);
    await y.clock.advance(1000);
    await sending;
  });

  it.each([
    ['seconds', '7', 7000],
    ['a date', 'Sun, 01 Mar 2026 08:00:30 GMT', 30_000],
  ])('is left alone for as long as it asks, by every run: %s', async (_, header, ms) => {
    await y.addRun({ id: 'run_2', number: 2 });
    await y.send(hook());
    server.answer = (_r, n) => (n === 0 ? { status: 429, headers: { 'retry-after': header } } : {});
    await y.tell('run.failed');
    const stop = new AbortController();
    const notifier = y.notifier(hook());
    const running = notifier.run(stop.signal);
    await until(async () => (await y.rows())[0]?.attempts === 1);
    expect(Date.parse((await y.rows())[0]?.due_at ?? '') - y.clock.now()).toBe(ms);
    await y.tell({ type: 'run.failed', run_id: 'run_2' });
    await y.clock.advance(ms - 1000);
    await until(async () => (await y.rows()).length === 2);
    await y.clock.advance(500);
    expect(server.received).toHaveLength(1);
    await whileTimePasses(
      y.clock,
      until(() => server.received.length === 3),
    );
    stop.abort();
    await running;
    await notifier.flush(0);
  });

  it('is left alone by the next process too, unless somebody says to send now', async () => {
    await y.send(hook());
    server.answer = () => ({ status: 429, headers: { 'retry-after': '600' } });
    await y.tell('run.failed');
    await y.send(hook());
    await y.send(hook());
    expect(server.received).toHaveLength(1);
    server.answer = () => ({});
    const notifier = y.notifier(hook());
    await notifier.flush(1000, 'all');
    expect(server.received).toHaveLength(2);
    expect(await states()).toEqual(['run.failed delivered']);
  });

  it('is given one message to prove itself with, and then everything that waited', async () => {
    for (let n = 2; n <= 9; n++) await y.addRun({ id: `run_${n}`, number: n });
    await y.send(hook());
    server.answer = () => ({ status: 503 });
    await y.tell(...Array.from({ length: 9 }, (_, i) => ({ type: 'run.failed', run_id: `run_${i + 1}` })));
    await whileTimePasses(y.clock, y.send(hook()));
    const tried = server.received.length;
    let letIn = (): void => undefined;
    server.answer = (_, n) => (n > tried ? {} : new Promise((resolve) => (letIn = () => resolve({}))));
    const sending = y.send(hook());
    await until(() => server.received.length === tried + 1);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(server.received).toHaveLength(tried + 1);
    letIn();
    await sending;
    expect(server.received.slice(tried)).toHaveLength(9);
    expect(new Set((await y.rows()).map((r) => r.state))).toEqual(new Set(['delivered']));
  });

  it('gets no second message at a time while it hangs', async () => {
    for (let n = 2; n <= 9; n++) await y.addRun({ id: `run_${n}`, number: n });
    await y.send(hook());
    server.answer = () => 'hang';
    await y.tell(...Array.from({ length: 9 }, (_, i) => ({ type: 'run.failed', run_id: `run_${i + 1}` })));
    const stop = new AbortController();
    const notifier = y.notifier(hook());
    const running = notifier.run(stop.signal);
    await until(() => server.received.length === 8);
    await y.clock.advance(10_000);
    await until(async () => (await y.rows()).every((r, i) => i === 8 || r.attempts === 1));
    const failing = await y.rows();
    expect(failing[0]?.last_error).toBe('no answer within 10 s');
    // Eight failures in a row: from now on one at a time.
    await y.clock.advance(40_000);
    await until(() => server.received.length === 9);
    await y.clock.advance(5000);
    expect(server.received).toHaveLength(9);
    stop.abort();
    await running;
    await notifier.flush(0);
  });

  it('has a message given up after a day, and the later ones of its run go on', async () => {
    await y.send(hook());
    server.answer = (r) => (typeOf(r) === 'training.started' ? { status: 502 } : {});
    await y.tell('training.started', 'run.succeeded');
    // A day of ten minutes.
    const timing = { give_up_ms: 600_000, longest_delay_ms: 60_000 };
    const stop = new AbortController();
    const notifier = y.notifier(hook(), { timing });
    const running = notifier.run(stop.signal);
    const start = y.clock.now();
    await whileTimePasses(
      y.clock,
      until(() => told().includes('run.succeeded')),
      2000,
    );
    stop.abort();
    await running;
    const minutes = (y.clock.now() - start) / 60_000;
    expect(minutes).toBeGreaterThanOrEqual(10);
    expect(minutes).toBeLessThan(12);
    await notifier.flush(0);
    expect(await states()).toEqual(['training.started dead', 'run.succeeded delivered']);
    const events = await y.store.db
      .selectFrom('events')
      .selectAll()
      .where('type', '=', 'notification.dead')
      .execute();
    expect(events.map((e) => [e.run_id, e.message])).toEqual([
      ['run_1', 'hook could not be told "training.started: training.started happened": HTTP 502: ok'],
    ]);
  });

  it('never hears of its own failures', async () => {
    await y.send(
      hook({
        routes: [{ channels: ['hook'], events: ['*'], circuits: null, severity: 'info', rehearsals: true }],
      }),
    );
    await y.tell('notification.dead', 'audit.approved', 'schedule.fired');
    await y.send(
      hook({
        routes: [{ channels: ['hook'], events: ['*'], circuits: null, severity: 'info', rehearsals: true }],
      }),
    );
    expect(told()).toEqual(['schedule.fired']);
  });
});

describe('a process that ends', () => {
  it('leaves what it could not send to the next one, and says so', async () => {
    await y.send(hook());
    server.answer = () => 'hang';
    await y.tell('run.failed');
    const notifier = y.notifier(hook());
    const ending = notifier.flush(3000);
    await until(() => server.received.length === 1);
    await y.clock.advance(3000);
    await ending;
    expect(await notifier.leftover()).toEqual({
      waiting: 1,
      dead: 0,
      reasons: ['hook: the command ended before an answer came'],
    });
    server.answer = () => ({});
    await y.send(hook());
    expect(told()).toEqual(['run.failed', 'run.failed']);
    expect(idOf(server.received[0])).toBe(idOf(server.received[1]));
  });

  it('by dying between the answer and its note, makes the message come twice under one id', async () => {
    await y.send(hook());
    await y.tell('run.failed');
    await y.send(hook());
    // As if the note of the delivery had never been committed.
    await y.store.db
      .updateTable('notifications')
      .set({ state: 'pending', ended_at: null, attempts: 0 })
      .execute();
    await y.send(hook());
    expect(told()).toEqual(['run.failed', 'run.failed']);
    expect(new Set(server.received.map(idOf)).size).toBe(1);
  });

  it('alone sends while it lives; the lease of a dead one falls at once', async () => {
    await y.send(hook());
    await y.tell('run.failed');
    const held = { lease_token: 'x', lease_expires_at: '2999-01-01T00:00:00.000Z' };
    const owner = (host: string, pid: number): string => `${host}/${pid}/1`;
    const { hostname } = await import('node:os');
    const hold = (lease_owner: string) =>
      y.store.db
        .updateTable('notification_channels')
        .set({ ...held, lease_owner })
        .execute();
    await hold(owner('elsewhere', 1));
    await y.send(hook());
    expect(told()).toEqual([]);
    await hold(owner(hostname(), 2 ** 30));
    await y.send(hook());
    expect(told()).toEqual(['run.failed']);
  });

  it('without the secret of a channel notes what happens, for one that has it', async () => {
    const secret = hook({
      channels: { hook: { type: 'webhook', url: '${env:HOOK}', secret: '${env:KEY}' } },
    });
    await y.send(secret);
    await y.tell('run.failed');
    const notifier = await y.send(secret);
    expect(await states()).toEqual(['run.failed pending']);
    expect((await notifier.leftover()).reasons).toEqual([
      'hook: the environment variables HOOK, KEY are not set',
    ]);
    await y.send(secret, { env: { HOOK: server.url('/s3cret-path'), KEY: SECRET } });
    expect(told()).toEqual(['run.failed']);
  });

  it('may note what happens beside another one: nothing is told twice or passed over', async () => {
    const secret = hook({ channels: { hook: { type: 'webhook', url: '${env:HOOK}' } } });
    const env = { HOOK: server.url() };
    await y.send(secret, { env });
    const stop = new AbortController();
    const without = y.notifier(secret);
    const running = without.run(stop.signal);
    for (const type of ['training.started', 'training.retried', 'run.failed', 'run.succeeded']) {
      await y.tell(type);
      // The one or the other is first.
      if (type === 'training.started' || type === 'run.failed') await y.clock.advance(1000);
      await y.send(secret, { env });
      await y.clock.advance(1000);
    }
    // The other one was here in between, and is not any more.
    await y.tell('training.started');
    await y.send(secret, { env });
    await y.tell('run.canceled');
    await y.clock.advance(1000);
    await until(async () => (await y.rows()).length === 6);
    stop.abort();
    await running;
    await without.flush(0);
    expect(told()).toEqual([
      'training.started',
      'training.retried',
      'run.failed',
      'run.succeeded',
      'training.started',
    ]);
  });

  it('leaves no secret behind, whatever a server says', async () => {
    const env = { HOOK: server.url('/very-s3cret/path?sig=abcdefghijk'), KEY: SECRET };
    const secret = hook({
      channels: { hook: { type: 'webhook', url: '${env:HOOK}', secret: '${env:KEY}' } },
    });
    await y.send(secret, { env });
    server.answer = (r) => ({ status: 404, body: `no ${r.path} here, nor ${env.HOOK} nor ${SECRET}` });
    await y.tell('run.failed');
    await y.send(secret, { env });
    const everything = JSON.stringify([
      await y.rows(),
      await y.store.db.selectFrom('events').selectAll().execute(),
      await y.store.db.selectFrom('notification_channels').selectAll().execute(),
    ]);
    expect(everything).toContain('HTTP 404');
    for (const part of ['s3cret', 'abcdefghijk', SECRET, SECRET.slice(6)])
      expect(everything).not.toContain(part);
  });
});

describe('events that are gathered', () => {
  it('become one message per run, at once when the run is over', async () => {
    await y.send(digest());
    const notifier = y.notifier(digest());
    const stop = new AbortController();
    const running = notifier.run(stop.signal);
    await y.tell(
      'training.started',
      ...Array.from({ length: 500 }, (_, i) => ({
        type: 'job.failed',
        circuit_id: `c_${i}`,
        severity: 'error' as const,
        message: `j failed: KeyError: ${i}`,
        data: { job: 'j' },
      })),
    );
    await y.clock.advance(5000);
    await until(async () => (await y.rows()).length === 1);
    expect(server.received).toHaveLength(0);
    await y.tell({ type: 'run.failed', severity: 'error', message: 'Run 1 failed: 500 circuits failed' });
    await y.clock.advance(1000);
    await until(() => server.received.length === 1);
    const [row] = await y.rows();
    expect(row).toMatchObject({ events: 502, title: 'Run 1 failed: 500 circuits failed' });
    const card = server.received[0]?.body ?? '';
    expect(card).toContain('500 × KeyError: 0: c_0, c_1, c_2, c_3, c_4 and 495 more');
    expect(card).not.toContain('c_5,');
    stop.abort();
    await running;
    await notifier.flush(0);
    expect(server.received).toHaveLength(1);
  });

  it('are sent half a minute after the first of them', async () => {
    await y.send(digest());
    const stop = new AbortController();
    const notifier = y.notifier(digest());
    const running = notifier.run(stop.signal);
    await y.tell('training.started');
    await y.clock.advance(500);
    await until(async () => (await y.rows()).length === 1);
    const due = Date.parse((await y.rows())[0]?.due_at ?? '');
    await y.clock.advance(20_000);
    await y.tell('training.retried');
    await y.clock.advance(1000);
    await until(async () => (await y.rows())[0]?.events === 2);
    expect(Date.parse((await y.rows())[0]?.due_at ?? '')).toBe(due);
    expect(server.received).toHaveLength(0);
    await y.clock.advance(10_000);
    await until(() => server.received.length === 1);
    stop.abort();
    await running;
    await notifier.flush(0);
  });

  it('are at most one message more once a channel is back, whatever happened meanwhile', async () => {
    await y.send(digest());
    server.answer = () => ({ status: 503 });
    for (const type of ['training.started', 'approval.requested', 'model.promoted', 'run.succeeded']) {
      await y.tell(type);
      await whileTimePasses(y.clock, y.send(digest()));
    }
    expect((await y.rows()).map((r) => r.events)).toEqual([1, 3]);
    const before = server.received.length;
    server.answer = () => ({});
    await y.send(digest());
    expect(server.received.slice(before)).toHaveLength(2);
  });

  it('leave out a request that was answered before anybody could be told', async () => {
    await y.send(digest());
    const asked = (id: string) => ({
      type: 'approval.requested',
      message: `Promote ${id}`,
      data: { approval_id: id },
    });
    for (const status of ['waiting', 'decided'])
      await y.store.db
        .insertInto('approvals')
        .values({
          id: `apr_${status}`,
          run_id: 'run_1',
          stage: `stage-${status}`,
          gate: 'registry-promotion',
          status,
          subject_digest: status,
          title: 'Promote',
          requested_by: 'ann',
          required: 1,
          approvers: '[]',
          requester_may_approve: 1,
          on_expiry: 'hold',
          context: '{}',
          created_at: '2026-03-01T08:00:00.000Z',
          expires_at: '2026-03-31T08:00:00.000Z',
        })
        .execute();
    await y.tell(asked('apr_decided'));
    await y.send(digest());
    expect(server.received).toHaveLength(0);
    await y.tell(asked('apr_decided'), asked('apr_waiting'));
    await y.send(digest());
    expect((await y.rows()).map((r) => r.events)).toEqual([1]);
    expect(server.received[0]?.body).toContain('trainyard approve apr_waiting');
  });

  it('of rehearsals are told only where a route says so', async () => {
    await y.addRun({ id: 'run_2', number: 2, rehearsal: 1 });
    const rehearsals = digest({
      routes: [{ channels: ['ops'], events: null, circuits: null, severity: 'info', rehearsals: true }],
    });
    for (const settings of [digest(), rehearsals]) {
      await y.send(settings);
      await y.tell({ type: 'run.failed', run_id: 'run_2', message: 'Run 2 failed' });
      await y.send(settings);
    }
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.body).toContain('[rehearsal] Run 2 failed');
  });
});

describe('dead letters', () => {
  beforeEach(async () => {
    await y.send(hook());
    server.answer = () => ({ status: 410, body: 'gone' });
    await y.tell('training.started', 'run.failed');
    await y.send(hook());
    await y.tell('run.resumed', 'run.succeeded');
    server.answer = () => ({});
    server.received.length = 0;
    await y.send(hook());
  });

  it('are listed with what the other end said', async () => {
    const dead = await listNotifications(y.store.db, { states: ['dead'], limit: 10 });
    expect(dead.map((d) => [d.title, d.attempts, d.last_error])).toEqual([
      [
        'run.failed: run.failed happened',
        1,
        'HTTP 410: gone. There is nothing at this address any more; make a new one.',
      ],
      [
        'training.started: training.started happened',
        1,
        'HTTP 410: gone. There is nothing at this address any more; make a new one.',
      ],
    ]);
    const [first] = dead;
    expect(
      (await listNotifications(y.store.db, { states: ['dead'], before: first?.id, limit: 10 })).map(
        (d) => d.id,
      ),
    ).toEqual([dead[1]?.id]);
    expect((await countNotifications(y.store.db)).get('hook')).toEqual({ pending: 0, dead: 2, delivered: 1 });
  });

  it('are sent again in their order, and once', async () => {
    server.received.length = 0;
    expect(await replayDead(y.store, y.clock.now(), { channel: 'hook' }, person('ann'))).toBe(2);
    await y.send(hook());
    await y.send(hook());
    expect(told()).toEqual(['training.started', 'run.failed']);
    expect(await replayDead(y.store, y.clock.now(), { channel: undefined }, person('ann'))).toBe(0);
  });

  it('are counted once where two ask at one moment', async () => {
    const asked = ['ann', 'bob'].map((name) =>
      replayDead(y.store, y.clock.now(), { channel: 'hook' }, person(name)),
    );
    expect(await Promise.all(asked)).toEqual([2, 0]);
    const told_of = await y.store.db
      .selectFrom('audit')
      .select('message')
      .where('type', '=', 'notification.replayed')
      .execute();
    expect(told_of).toEqual([{ message: 'ann replayed 2 messages that were not delivered' }]);
  });

  it('are sent again by id; what is not dead is not', async () => {
    const [dead] = await listNotifications(y.store.db, { states: ['dead'], limit: 1 });
    const [done] = await listNotifications(y.store.db, { states: ['delivered'], limit: 1 });
    expect(await replayDead(y.store, y.clock.now(), { ids: [dead?.id ?? ''] }, person('ann'))).toBe(1);
    await expect(
      replayDead(y.store, y.clock.now(), { ids: [dead?.id ?? ''] }, person('ann')),
    ).rejects.toThrow(/is still waiting to be sent/);
    await expect(
      replayDead(y.store, y.clock.now(), { ids: [done?.id ?? ''] }, person('ann')),
    ).rejects.toThrow(/was delivered at 2026-03-01/);
    await expect(replayDead(y.store, y.clock.now(), { ids: ['ntf_nothing'] }, person('ann'))).rejects.toThrow(
      /There is no message ntf_nothing/,
    );
  });

  it('can be forgotten', async () => {
    expect(await dropDead(y.store, y.clock.now(), { channel: 'other' }, person('ann'))).toBe(0);
    expect(await dropDead(y.store, y.clock.now(), { channel: 'hook' }, person('ann'))).toBe(2);
    expect(await states()).toEqual(['run.succeeded delivered']);
  });
});
