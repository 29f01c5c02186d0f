import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestProject } from '../helpers/project.ts';
import type { Running } from '../helpers/trainyard.ts';

/** Fails where the file of its circuit's name lies in the project. */
const TRAIN = `
if os.path.exists(os.path.join(root, 'break-' + circuit)):
    raise KeyError('flow_temperature')
write_model()`;

const SETTINGS = `schedules:
  nightly: {cron: "0 3 * * *", timezone: Europe/Berlin, run: {detection: hash}}
`;

/** Times go on while a test looks. */
const untimed = (text: string): string =>
  text.replaceAll(/[\d.]+ (?:s|min)\b/g, 'N s').replaceAll(/ {2,}/g, '  ');

/** A served project with one run that succeeded, one that waits, and one circuit that failed; nothing moves in it. */
describe('the command line on a server', () => {
  let p: TestProject;
  let elsewhere: TestProject;
  let server: Running;
  let url = '';
  beforeAll(async () => {
    p = TestProject.create({
      provider: 'local',
      circuits: ['kiln_1', 'kiln_2', 'mill_1'],
      settings: SETTINGS,
      train: TRAIN,
    });
    await p.trained();
    p.write('break-mill_1', '');
    p.change('mill_1', 0.2);
    p.change('kiln_1', 0.3);
    await p.ends(11, ['run']);
    elsewhere = TestProject.empty();
    server = p.start(['serve', '--port', '0'], { timeout_ms: 600_000 });
    await server.says(/http:\/\/127\.0\.0\.1:\d+/);
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.stderr)?.[0] ?? '';
  }, 120_000);
  afterAll(async () => {
    server.kill('SIGTERM');
    await server.ended;
    await p[Symbol.asyncDispose]();
    await elsewhere[Symbol.asyncDispose]();
  });
  const there = (code: number, ...args: string[]) => elsewhere.ends(code, [...args, '--server', url]);

  it.each<[code: number, ...args: string[]]>([
    [0, 'plan'],
    [0, 'why', 'mill_1'],
    [0, 'runs', 'list', '--limit', '1'],
    [0, 'runs', 'list', '--status', 'waiting'],
    [0, 'runs', 'show'],
    [0, 'runs', 'show', '1'],
    [0, 'jobs', 'list', '--status', 'failed'],
    [0, 'jobs', 'list', '--match', 'kiln_1_*', '--limit', '1'],
    [0, 'failures'],
    [0, 'approvals'],
    [0, 'approvals', 'list', '--all', '--limit', '2'],
    [0, 'models', 'list'],
    [0, 'models', 'list', '--limit', '2', '--model', 'kiln-1'],
    [0, 'models', 'show', 'kiln-1'],
    [0, 'models', 'show', 'kiln-1:1', '--registry', 'shared'],
    [0, 'artifacts'],
    [0, 'artifacts', 'list', '1'],
    [0, 'audit', '--limit', '5'],
    [0, 'audit', 'list', '--run', '1', '--type', 'approval.*'],
    [0, 'notify'],
    [0, 'schedules'],
    [0, 'schedules', 'next', 'nightly', '--count', '2'],
    [0, 'schedules', 'history', 'nightly'],
    [5, 'runs', 'show', '99'],
    [5, 'jobs', 'show', 'nobody'],
    [5, 'schedules', 'next', 'weekly'],
    [2, 'runs', 'list', '--status', 'gone'],
  ])('prints the document that it prints in the project itself: %s %j', async (code, ...args) => {
    const [here, same] = await Promise.all([
      p.ends(code, [...args, '--json']),
      there(code, ...args, '--json'),
    ]);
    if (code !== 0) {
      expect(same.json()).toMatchObject({ error: { exit_code: code } });
      expect(here.json()).toMatchObject({ error: { exit_code: code } });
    } else expect(same.json()).toEqual(here.json());
  });

  it.each<[code: number, ...args: string[]]>([
    [0, 'plan', '-v'],
    [20, 'plan', '--exit-code', '--circuits', 'kiln_*'],
    [0, 'why', 'mill_1'],
    [0, 'runs'],
    [0, 'runs', 'show'],
    [0, 'jobs', '--limit', '1'],
    [0, 'failures'],
    [0, 'approvals'],
    [0, 'models', 'show', 'kiln-1'],
    [0, 'audit', '--limit', '3'],
    [0, 'notify'],
    [0, 'schedules'],
    [2, 'runs', 'list', '--status', 'gone'],
  ])('shows people what they see in the project itself: %s %j', async (code, ...args) => {
    const [here, same] = await Promise.all([p.ends(code, args), there(code, ...args)]);
    expect(untimed(same.stdout)).toBe(untimed(here.stdout));
    expect(here.stdout.length + here.stderr.length).toBeGreaterThan(10);
    if (code === 2) expect(same.stderr).toBe(here.stderr);
  });

  it('shows a request and a job with all that belongs to them, and follows a log', async () => {
    const { approvals } = z
      .object({ approvals: z.array(z.object({ id: z.string() })) })
      .parse((await p.ok(['approvals', '--json'])).json());
    const id = approvals[0]?.id ?? '';
    for (const args of [
      ['approvals', 'show', id],
      ['jobs', 'show', 'mill_1_2026_03_31_2'],
    ]) {
      expect((await there(0, ...args)).stdout).toBe((await p.ok(args)).stdout);
      expect((await there(0, ...args, '--json')).json()).toEqual((await p.ok([...args, '--json'])).json());
    }
    const log = ['jobs', 'logs', '-f', 'mill_1_2026_03_31_2'];
    expect((await there(0, ...log)).stdout).toContain('KeyError');
    expect((await there(0, ...log)).stdout).toBe((await p.ok(log)).stdout);
  });

  it('brings files, checked, to where the command runs', async () => {
    await there(0, 'artifacts', 'download', '1', 'training_jobs', '-o', 'files');
    await p.ok(['artifacts', 'download', '1', 'training_jobs', '-o', 'files']);
    expect(elsewhere.read('files/training_jobs.json')).toBe(p.read('files/training_jobs.json'));
    const done = await there(0, 'models', 'download', 'kiln-1:1', '-o', 'model', '--json');
    expect(elsewhere.list('model')).toEqual(['metrics.json', 'model.json']);
    expect(done.json()).toMatchObject({ folder: elsewhere.path('model'), files: [{}, {}] });
  });

  it.each([
    [['prune'], /works on this machine/],
    [['tokens'], /works on this machine/],
    [['init', 'x'], /works on this machine/],
    [['run', '--max-workers', '2'], /--max-workers does not go with a server/],
    [['run', '--provider', 'azure'], /no provider azure on a server/],
    [['run', '--provider', 'local', '--fail-rate', '0.1'], /is for the simulated provider/],
    [['plan', '-o', 'plan.json'], /--out does not go with a server/],
    [['run', '--resume'], /goes on with open runs by itself/],
    [['runs', '--project', '.'], /--server and --project do not go together/],
  ])('refuses what a server has not: %s', async (args, told) => {
    expect((await there(2, ...args)).stderr).toMatch(told);
  });

  it('is meant by TRAINYARD_SERVER too, where no project is named, and then nothing local is touched', async () => {
    const env = { TRAINYARD_SERVER: url };
    expect((await elsewhere.ok(['runs', 'list', '--json'], { env })).json()).toHaveProperty('runs.1');
    expect((await elsewhere.ends(2, ['prune'], { env })).stderr).toMatch(/TRAINYARD_SERVER is set/);
    await p.ok(['prune', '--dry-run', '--project', p.folder], { env });
    await elsewhere.ok(['init', 'fleet'], { env });
  });

  it.each([
    ['it is no address', 'trains', 2, /no address of a server/],
    ['it has a password', 'http://ada:pw@127.0.0.1', 2, /TRAINYARD_TOKEN/],
  ])('says what is wrong with an address: %s', async (_what, address, code, told) => {
    const ended = await elsewhere.ends(code, ['runs', '--server', address]);
    expect(ended.stderr).toMatch(told);
    expect(ended.stderr).not.toContain('pw@');
  });

  it('says that something else answers, or nobody', async () => {
    const other = createServer((_request, response) => response.end('<p>hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const ended = await elsewhere.ends(2, ['runs', '--server', `http://127.0.0.1:${port}`]);
      expect(ended.stderr).toContain('is not Trainyard: 200 OK');
      await new Promise((resolve) => other.close(resolve));
      const alone = await elsewhere.ends(8, ['runs', '--server', `http://127.0.0.1:${port}`]);
      expect(alone.stderr).toContain(`Nobody answers at http://127.0.0.1:${port} (ECONNREFUSED).`);
    } finally {
      other.close();
    }
  });

  it('sends its token to servers of this machine and over TLS only, and never shows it', async () => {
    const env = { TRAINYARD_TOKEN: 'ty_secret' };
    const clear = await elsewhere.ends(2, ['runs', '--server', 'http://trains.example'], { env });
    expect(clear.stderr).toMatch(/in clear text[^]*https:\/\/trains\.example/);
    const wrong = await elsewhere.ends(4, ['runs', '--server', url], { env });
    expect(wrong.stderr).toContain('The token is not known here.');
    const made = await p.ok(['tokens', 'create', 'reader', '--role', 'viewer', '--expires', '1d']);
    const reader = { TRAINYARD_TOKEN: made.stdout.trim() };
    await elsewhere.ok(['runs', '--server', url], { env: reader });
    const denied = await elsewhere.ends(4, ['runs', 'cancel', '2', '--server', url, '--json'], {
      env: reader,
    });
    expect(denied.json()).toMatchObject({
      error: { code: 'not_allowed', exit_code: 4, status: 403, request_id: expect.any(String) },
    });
    for (const { stdout, stderr } of [clear, wrong, denied])
      expect(stdout + stderr).not.toMatch(/ty_secret|ty_[\w-]{43}/);
  });
});

/** What changes a project. */
describe('work on a server', () => {
  it('trains, decides, retries, cancels and withdraws, with the exit codes that it has here', async () => {
    await using p = TestProject.create({
      provider: 'local',
      circuits: ['kiln_1', 'mill_1'],
      settings: SETTINGS,
      train: TRAIN,
    });
    p.write('break-mill_1', '');
    const server = p.start(['serve', '--port', '0'], { timeout_ms: 600_000 });
    await server.says(/http:\/\/127\.0\.0\.1:\d+/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.stderr)?.[0] ?? '';
    const env = { TRAINYARD_SERVER: url };
    await using elsewhere = TestProject.empty();
    const ends = (code: number, ...args: string[]) => elsewhere.ends(code, args, { env, timeout_ms: 60_000 });
    const Approvals = z.object({ approvals: z.array(z.object({ id: z.string(), gate: z.string() })) });
    const waiting = async (gate: string): Promise<string> => {
      const { approvals } = Approvals.parse((await ends(0, 'approvals', '--json')).json());
      return approvals.find((a) => a.gate === gate)?.id ?? `nothing at ${gate}`;
    };

    const run = await ends(11, 'run', '--json');
    expect(run.json()).toMatchObject({ number: 1, status: 'waiting', jobs: { succeeded: 1, failed: 1 } });
    expect(run.stderr).toMatch(/mill_1.* failed[^]*Run 1 {2}‖ waiting[^]*trainyard approve apr_/);

    const environment = await waiting('registry-promotion');
    const held = await ends(0, 'hold', environment, '--comment', 'not yet', '--json');
    expect(held.json()).toMatchObject({ approval: { counts: { hold: 1, pending: 0 } } });
    const reopened = await ends(0, 'approvals', 'reopen', environment, '--json');
    expect(reopened.json()).toMatchObject({ status: 'waiting', counts: { pending: 1 } });
    expect((await ends(0, 'approve', environment)).stdout).toBe(
      'Recorded: 1 approved, 0 held, 0 rejected. The server goes on with the run.\n',
    );
    rmSync(p.path('break-mill_1'));
    const retried = await ends(0, 'retry', '1', '--circuits', 'mill_1', '--json');
    expect(retried.json()).toMatchObject({ approval: { gate: 'training-retry', counts: { approve: 1 } } });

    const canceled = await ends(0, 'runs', 'cancel', '1', '--json');
    expect(canceled.json()).toEqual({ run: 1, status: 'canceled', canceled: true });
    expect((await ends(0, 'runs', 'cancel', '1')).stdout).toBe('Run 1 was over already (canceled).\n');

    const gone = await ends(0, 'models', 'withdraw', 'kiln-1:1', '--reason', 'bad sensor', '--json');
    expect(gone.json()).toMatchObject({ model_name: 'kiln-1', withdrawn: { reason: 'bad sensor' } });

    expect((await ends(0, 'schedules', 'pause', 'nightly', '--reason', 'still')).stdout).toContain(
      'is paused',
    );
    expect((await ends(0, 'schedules', 'resume', 'nightly', '--json')).json()).toEqual({
      name: 'nightly',
      changed: true,
    });
    const nightly = await ends(11, 'schedules', 'run', 'nightly', '--json');
    expect(nightly.json()).toMatchObject({
      firing: { kind: 'manual' },
      run: { number: 2, status: 'waiting' },
    });

    const rehearsal = await ends(
      11,
      'run',
      '--provider',
      'simulated',
      '--circuits',
      'kiln_1,mill_1',
      '--fail',
      'kiln_1',
      '--json',
    );
    expect(rehearsal.json()).toMatchObject({ rehearsal: true, jobs: { failed: 1, succeeded: 1 } });

    server.kill('SIGTERM');
    await server.ended;
    expect((await ends(8, 'runs')).stderr).toContain('Nobody answers at');
  }, 300_000);
});
