import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HttpServer, MailServer } from '../../src/notify/test-servers.ts';
import type { Received } from '../../src/notify/test-servers.ts';
import { TestProject } from '../helpers/project.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await HttpServer.start();
});
afterEach(() => server.stop());

const CIRCUITS = ['kiln_1', 'kiln_2'] as const;
const withChannels = (channels: string, more = ''): TestProject =>
  TestProject.create({ circuits: CIRCUITS, settings: `notifications:\n  channels:\n${channels}${more}` });

const Event = z.object({ type: z.string(), data: z.object({ seq: z.number(), run: z.number().nullable() }) });
const typesOf = (received: readonly Received[]): string[] => received.map((r) => Event.parse(r.json()).type);
const Outbox = z.object({
  notifications: z.array(
    z.object({ id: z.string(), state: z.string(), channel: z.string(), title: z.string() }),
  ),
});

/** How long run `number` took by its own rows. */
const runTime = (project: TestProject, number: number): Promise<number> =>
  project.rows(async ({ db }) => {
    const run = await db
      .selectFrom('runs')
      .selectAll()
      .where('number', '=', number)
      .executeTakeFirstOrThrow();
    return Date.parse(run.ended_at ?? '') - Date.parse(run.started_at ?? '');
  });

/** A command gives what it has to tell a few seconds; on a busy machine some of it is left. */
const tellRest = (project: TestProject, env: Readonly<Record<string, string>> = {}): Promise<unknown> =>
  project.trainyard(['notify', 'send'], { env });

/** Everything that a project keeps of its runs. */
const stateOf = (project: TestProject): string =>
  readdirSync(project.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

describe('a channel that is down during a run', () => {
  it('gets everything with the next command, in order and once', async () => {
    const { port } = server;
    await server.stop();
    await using project = withChannels(`    hook: {type: webhook, url: "http://127.0.0.1:${port}/hook"}\n`);
    const run = await project.ok(['run', '--approve', 'all']);
    expect(run.stderr).toMatch(
      /^Notifications: \d wait to be sent \(hook: nobody answers at its address \(ECONNREFUSED\)\)\. See trainyard notify$/m,
    );
    const waiting = Outbox.parse((await project.ok(['notify', '--json'])).json()).notifications;
    expect(new Set(waiting.map((n) => n.state))).toEqual(new Set(['pending']));
    expect((await project.ok(['notify', '--dead'])).stdout).toBe(
      `Nothing was given up; ${waiting.length} messages wait to be sent: trainyard notify\n`,
    );

    server = await HttpServer.start(port);
    project.change('kiln_1', 0.7);
    await project.ok(['run', '--approve', 'all']);
    await tellRest(project);
    const events = server.received.map((r) => Event.parse(r.json()));
    const first = events.filter((e) => e.data.run === 1);
    expect(first.map((e) => e.type)).toEqual([
      'approval.requested',
      'environment.shared',
      'training.started',
      'stage.succeeded',
      'approval.requested',
      'model.promoted',
      'model.promoted',
      'run.succeeded',
    ]);
    for (const run_number of [1, 2]) {
      const seqs = events.filter((e) => e.data.run === run_number).map((e) => e.data.seq);
      expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
      expect(seqs.length).toBeGreaterThan(3);
    }
    expect(new Set(server.received.map((r) => r.headers['webhook-id'])).size).toBe(events.length);
    expect((await project.ok(['notify'])).stdout).toMatch(
      /^Nothing waits to be sent\. The last message was delivered at 20/,
    );
  });

  it('neither fails nor delays the run, even when it takes the message and hangs', async () => {
    server.answer = () => 'hang';
    await using project = withChannels(
      `    ops: {type: teams, url: "${server.url()}"}\n    hook: {type: webhook, url: "${server.url()}"}\n`,
    );
    await using plain = TestProject.create({ circuits: CIRCUITS });
    const ended = await project.ok(['run', '--approve', 'all']);
    await plain.ok(['run', '--approve', 'all']);
    expect(server.received.length).toBeGreaterThan(1);
    expect(ended.stderr).toMatch(
      /^Notifications: \d wait to be sent \(hook: the command ended before an answer came; ops: /m,
    );
    // One attempt alone would take ten seconds; two runs that differ in nothing may differ by some.
    const [with_hanging, without] = [await runTime(project, 1), await runTime(plain, 1)];
    expect(with_hanging - without).toBeLessThan(8000);
  });
});

describe('a process that is killed while it sends', () => {
  it('loses nothing, and what the next one repeats has the same id', async () => {
    server.answer = () => new Promise((resolve) => setTimeout(() => resolve({}), 5));
    await using project = withChannels(
      `    hook: {type: webhook, url: "${server.url()}"}\n`,
      '  routes: [{channel: hook, events: ["*"]}]\n',
    );
    const killed = project.start(['run', '--approve', 'all']);
    while (server.received.length < 8 && killed.child.exitCode === null) await sleep(1);
    killed.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    await project.ok(['run', '--resume']);
    await project.ok(['notify', 'send']);

    const ids = new Map<number, Set<string>>();
    for (const r of server.received) {
      const { seq } = Event.parse(r.json()).data;
      ids.set(seq, (ids.get(seq) ?? new Set()).add(r.headers['webhook-id'] ?? ''));
    }
    const log = await project.rows(({ db }) =>
      db.selectFrom('events').select('seq').where('run_id', 'is not', null).orderBy('seq').execute(),
    );
    // In the order of their first arrival.
    expect([...ids.keys()]).toEqual(log.map((e) => e.seq));
    expect([...ids.values()].every((of_event) => of_event.size === 1)).toBe(true);
  });
});

describe('trainyard notify', () => {
  it('tests a channel, and shows what is wrong with it without a word of its secret', async () => {
    await using project = withChannels(
      '    hook: {type: webhook, url: "${env:HOOK}", secret: "${env:KEY}"}\n',
    );
    const env = { HOOK: server.url('/a-very-secret-path'), KEY: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    const good = await project.ok(['notify', 'test', 'hook'], { env });
    expect(good.stdout).toBe('hook took the test message: HTTP 200: ok\n');
    expect(typesOf(server.received)).toEqual(['notification.test']);
    expect(server.received[0]?.headers['webhook-signature']).toMatch(/^v1,/);

    server.answer = (r) => ({ status: 404, body: `nothing at ${r.path} ${env.KEY}` });
    const bad = await project.ends(8, ['notify', 'test', 'hook', '--json'], { env });
    expect(bad.json()).toMatchObject({
      error: { code: 'provider_unavailable', message: expect.stringMatching(/HTTP 404/), exit_code: 8 },
    });
    await project.ends(8, ['notify', 'test', 'hook']);
    await project.ends(5, ['notify', 'test', 'hok']);

    const run = await project.ok(['run', '--approve', 'all', '--json'], { env });
    await tellRest(project, env);
    const dead = await project.ok(['notify', '--dead', '--json']);
    const doctor = await project.ends(8, ['doctor'], { env });
    expect(doctor.stdout).toMatch(
      /✗ missing {2}channel hook {7}webhook, signed, 8 could not be delivered, HTTP 404/,
    );
    const shown = [bad, run, dead, doctor].map((e) => e.stdout + e.stderr).join('');
    for (const secret of ['very-secret', env.KEY.slice(6)]) {
      expect(shown).not.toContain(secret);
      expect(stateOf(project)).not.toContain(secret);
    }
  });

  it('sends dead letters again, or forgets them', async () => {
    server.answer = () => ({ status: 410 });
    await using project = withChannels(`    hook: {type: webhook, url: "${server.url()}"}\n`);
    const run = await project.ok(['run', '--approve', 'all']);
    expect(run.stderr).toMatch(
      /^Notifications: \d could not be delivered.* \(hook: HTTP 410: ok\)\. See trainyard notify$/m,
    );
    await tellRest(project);
    const { notifications } = Outbox.parse((await project.ok(['notify', '--dead', '--json'])).json());
    const oldest = notifications.at(-1)?.id ?? '';
    server.answer = () => ({});
    server.received.length = 0;
    expect((await project.ok(['notify', 'replay', oldest])).stdout).toBe('1 message sent.\n');
    expect((await project.ends(6, ['notify', 'replay', oldest])).stderr).toMatch(/was delivered at/);
    expect((await project.ok(['notify', 'drop', notifications[0]?.id ?? ''])).stdout).toBe(
      '1 message is forgotten.\n',
    );
    expect((await project.ok(['notify', 'replay', '--channel', 'hook', '--dead'])).stdout).toBe(
      '6 messages sent.\n',
    );
    expect(typesOf(server.received)).toHaveLength(7);
    expect((await project.ok(['notify', 'replay', '--dead'])).stdout).toBe(
      'There is nothing that could not be delivered.\n',
    );
    expect((await project.ends(2, ['notify', 'replay'])).stderr).toMatch(/Say which messages to replay/);
    expect((await project.ok(['notify', 'list', '--dead'])).stdout).toBe('Everything could be delivered.\n');
  });

  it('sends now what waits for its next try', async () => {
    server.answer = () => ({ status: 503, headers: { 'retry-after': '3600' } });
    await using project = withChannels(`    ops: {type: teams, url: "${server.url()}"}\n`);
    await project.ok(['run', '--approve', 'all']);
    expect((await project.ends(8, ['notify', 'send'])).stdout).toMatch(
      /^0 messages sent, 1 still to be sent\.\n {2}ops: HTTP 503/,
    );
    server.answer = () => ({});
    expect((await project.ok(['notify', 'send'])).stdout).toBe('1 message sent.\n');
    expect((await project.ok(['notify', '--all', '--run', '1'])).stdout).toMatch(
      /ntf_\S+ {2}ops .*delivered .*Run 1 succeeded/,
    );
  });
});

describe('e-mail', () => {
  it('tells of a run that waits, over TLS', async () => {
    const mail = await MailServer.start();
    try {
      await using project = withChannels(
        '    ml: {type: email, to: [ml@example.com]}\n',
        `  smtp: {host: localhost, port: ${mail.port}, user: yard@example.com, password: "\${env:SMTP_PASSWORD}"}\n`,
      );
      const env = {
        SMTP_PASSWORD: 'correct horse',
        NODE_EXTRA_CA_CERTS: join(import.meta.dirname, '../fixtures/tls/localhost.crt'),
      };
      await project.ends(11, ['run'], { env });
      await tellRest(project, env);
      const { approvals } = z
        .object({ approvals: z.array(z.object({ id: z.string() })) })
        .parse((await project.ok(['approvals', '--json'])).json());
      const told = mail.received.map((m) => m.raw).join('\n');
      for (const { id } of approvals) expect(told).toContain(`trainyard approve ${id}`);
      expect(mail.received[0]).toMatchObject({
        secure: true,
        user: 'yard@example.com',
        to: ['ml@example.com'],
      });

      const [last, first] = approvals.map((a) => a.id);
      await project.ok(['approve', first ?? '', '--no-wait'], { env });
      await project.ok(['approve', last ?? ''], { env });
      await tellRest(project, env);
      expect(mail.received.at(-1)?.raw).toContain('Run 1 succeeded');
      const header = (name: string): string[] =>
        mail.received.map((m) => new RegExp(`^${name}: (.*)$`, 'm').exec(m.raw)?.[1]?.trim() ?? '');
      const [subject, ...more] = header('Subject');
      expect(subject).toMatch(/^\[trainyard-test-\w+\] Run 1$/);
      expect(more.length).toBeGreaterThan(0);
      expect(new Set(more)).toEqual(new Set([`Re: ${subject}`]));
      expect(new Set(header('Message-ID')).size).toBe(mail.received.length);
      expect(new Set(header('In-Reply-To').slice(1))).toEqual(new Set([header('Message-ID')[0]]));
      expect(stateOf(project)).not.toContain('correct horse');
    } finally {
      await mail.stop();
    }
  });
});

describe('trainyard scripts', () => {
  it('tells of its runs too, and of what it leaves', async () => {
    await using project = TestProject.empty();
    project.write('train_good.py', 'print("fine")\n');
    project.write('train_bad.py', 'raise KeyError("flow")\n');
    project.write(
      'trainyard.yaml',
      `notifications: {channels: {hook: {type: webhook, url: "${server.url()}"}, ml: {type: email, to: [a@example.com]}}}\n`,
    );
    const ended = await project.ends(1, ['scripts']);
    expect(typesOf(server.received)).toEqual([
      'training.started',
      'job.failed',
      'stage.succeeded',
      'run.failed',
    ]);
    expect(ended.stderr).toMatch(
      /^Notifications: 1 waits to be sent \(ml: no mail server is set\)\. See trainyard notify$/m,
    );
  });
});

describe('without channels', () => {
  it('nothing is asked, kept or said', async () => {
    await using project = TestProject.create({ circuits: CIRCUITS });
    const run = await project.ok(['run', '--approve', 'all']);
    expect(run.stderr).not.toContain('Notifications');
    expect((await project.ok(['notify'])).stdout).toMatch(/^No channels are configured/);
    expect((await project.ok(['notify', 'send', '--json'])).json()).toEqual({
      sent: 0,
      waiting: 0,
      dead: 0,
      reasons: [],
    });
    expect(
      await project.rows(({ db }) => db.selectFrom('notification_channels').selectAll().execute()),
    ).toEqual([]);
  });
});
