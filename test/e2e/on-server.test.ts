import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { endsInProcess } from '../helpers/in-process.ts';
import { TestProject } from '../helpers/project.ts';
import { addressOf } from '../helpers/served.ts';
import type { Running } from '../helpers/trainyard.ts';

/** Fails where the file of its circuit's name lies in the project. */
const TRAIN = `
if os.path.exists(os.path.join(root, 'break-' + circuit)):
    raise KeyError('flow_temperature')
write_model()`;

const SETTINGS = `schedules:
  nightly: {cron: "0 3 * * *", timezone: Europe/Berlin, run: {detection: hash}}
`;

const SCRIPT = `import argparse
p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=1); p.add_argument("--seed", type=int); p.add_argument("--output-dir")
p.parse_args()
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
    p.write('training/train_als.py', SCRIPT);
    p.write('training/train_other.py', 'print(1)\n');
    await p.trained();
    p.write('break-mill_1', '');
    p.change('mill_1', 0.2);
    p.change('kiln_1', 0.3);
    await p.ends(11, ['run']);
    elsewhere = TestProject.empty();
    server = p.start(['serve', '--port', '0'], { timeout_ms: 600_000 });
    url = await addressOf(server);
  }, 120_000);
  afterAll(async () => {
    server.kill('SIGTERM');
    await server.ended;
    await p[Symbol.asyncDispose]();
    await elsewhere[Symbol.asyncDispose]();
  });
  const here = (code: number, ...args: string[]) => endsInProcess(code, args, { cwd: p.folder });
  const there = (code: number, ...args: string[]) =>
    endsInProcess(code, [...args, '--server', url], { cwd: elsewhere.folder });

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
    [0, 'prune', '--dry-run', '-v'],
    [0, 'accept', 'kiln_2', '--reason', 'nothing to accept'],
    [0, 'notify', 'replay', '--dead'],
    [0, 'notify', 'drop', '--dead'],
    [0, 'notify', 'send'],
    [0, 'scripts', '--list', '--only', 'als'],
    [0, 'scripts', '--dry-run', '--epochs', '5', '--sweep', 'seed=1..3'],
    [5, 'notify', 'send', '--channel', 'ops'],
    [2, 'accept', 'nobody', '--reason', 'none such'],
    [2, 'notify', 'replay'],
    [5, 'runs', 'show', '99'],
    [5, 'jobs', 'show', 'nobody'],
    [5, 'schedules', 'next', 'weekly'],
    [2, 'runs', 'list', '--status', 'gone'],
  ])('prints the document that it prints in the project itself: %s %j', async (code, ...args) => {
    const told = await here(code, ...args, '--json');
    const same = await there(code, ...args, '--json');
    if (code !== 0) {
      expect(same.json()).toMatchObject({ error: { exit_code: code } });
      expect(told.json()).toMatchObject({ error: { exit_code: code } });
    } else expect(same.json()).toEqual(told.json());
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
    [0, 'prune', '--dry-run'],
    [0, 'scripts', '--list'],
    [0, 'notify', 'replay', '--dead'],
    [2, 'runs', 'list', '--status', 'gone'],
    [2, 'scripts', '--only', 'nobody'],
  ])('shows people what they see in the project itself: %s %j', async (code, ...args) => {
    const told = await here(code, ...args);
    const same = await there(code, ...args);
    expect(untimed(same.stdout)).toBe(untimed(told.stdout));
    expect(told.stdout.length + told.stderr.length).toBeGreaterThan(10);
    if (code === 2) expect(same.stderr).toBe(told.stderr);
  });

  it('shows a request and a job with all that belongs to them, and follows a log', async () => {
    const { approvals } = z
      .object({ approvals: z.array(z.object({ id: z.string() })) })
      .parse((await here(0, 'approvals', '--json')).json());
    const id = approvals[0]?.id ?? '';
    for (const args of [
      ['approvals', 'show', id],
      ['jobs', 'show', 'mill_1_2026_03_31_2'],
    ]) {
      expect((await there(0, ...args)).stdout).toBe((await here(0, ...args)).stdout);
      expect((await there(0, ...args, '--json')).json()).toEqual((await here(0, ...args, '--json')).json());
    }
    const log = ['jobs', 'logs', '-f', 'mill_1_2026_03_31_2'];
    expect((await there(0, ...log)).stdout).toContain('KeyError');
    expect((await there(0, ...log)).stdout).toBe((await here(0, ...log)).stdout);
  });

  it('brings files, checked, to where the command runs', async () => {
    await there(0, 'artifacts', 'download', '1', 'training_jobs', '-o', 'files');
    await here(0, 'artifacts', 'download', '1', 'training_jobs', '-o', 'files');
    expect(elsewhere.read('files/training_jobs.json')).toBe(p.read('files/training_jobs.json'));
    const done = await there(0, 'models', 'download', 'kiln-1:1', '-o', 'model', '--json');
    expect(elsewhere.list('model')).toEqual(['metrics.json', 'model.json']);
    expect(done.json()).toMatchObject({ folder: elsewhere.path('model'), files: [{}, {}] });
  });

  it('tells what jobs of a file came to, as it does in the project itself', async () => {
    const file = p.path('jobs.json');
    p.write('jobs.json', JSON.stringify({ jobs: ['mill_1_2026_03_31_2', 'kiln_2_2026_03_31'] }));
    expect((await there(9, 'wait', file)).stdout).toBe((await here(9, 'wait', file)).stdout);
    const whole = ['wait', file, '--continue-on-error', '--json'];
    expect((await there(0, ...whole)).json()).toEqual((await here(0, ...whole)).json());
    p.write('jobs.json', '["mill_1_2026_03_31_3", "nobody"]');
    expect((await there(5, 'wait', file)).stderr).toBe((await here(5, 'wait', file)).stderr);
  });

  it.each([
    [['worker'], /works on this machine/],
    [['ci', 'github'], /works on this machine/],
    [['init', 'x'], /works on this machine/],
    [['run', '--max-workers', '2'], /--max-workers does not go with a server/],
    [['run', '--provider', 'azure'], /no provider azure on a server/],
    [['run', '--provider', 'local', '--fail-rate', '0.1'], /is for the simulated provider/],
    [['plan', '-o', 'plan.json'], /--out does not go with a server/],
    [['prune', '-v'], /--verbose does not go with a server[^]*--dry-run/],
    [['scripts', '--python', 'mine'], /--python does not go with a server[^]*trainyard\.yaml/],
    [['scripts', '--no-auto-discover'], /--no-auto-discover does not go with a server/],
    [['scripts', '--verbose'], /--verbose does not go with a server[^]*jobs logs -f/],
    [['run', '--resume'], /goes on with open runs by itself/],
    [['runs', '--project', '.'], /--server and --project do not go together/],
  ])('refuses what a server has not: %s', async (args, told) => {
    expect((await there(2, ...args)).stderr).toMatch(told);
  });

  it('is meant by TRAINYARD_SERVER too, where no project is named, and then nothing local is touched', async () => {
    const env = { TRAINYARD_SERVER: url };
    // In a process of its own, as people start it.
    expect((await elsewhere.ok(['runs', 'list', '--json'], { env })).json()).toHaveProperty('runs.1');
    const as = (code: number, ...args: string[]) => endsInProcess(code, args, { cwd: elsewhere.folder, env });
    expect((await as(2, 'hooks', 'test', 'pushed')).stderr).toMatch(/TRAINYARD_SERVER is set/);
    await as(0, 'prune', '--dry-run', '--project', p.folder);
    await as(0, 'init', 'fleet');
  });

  it.each([
    ['it is no address', 'trains', 2, /no address of a server/],
    ['it has a password', 'http://ada:pw@127.0.0.1', 2, /TRAINYARD_TOKEN/],
  ])('says what is wrong with an address: %s', async (_what, address, code, told) => {
    const ended = await endsInProcess(code, ['runs', '--server', address], { cwd: elsewhere.folder });
    expect(ended.stderr).toMatch(told);
    expect(ended.stderr).not.toContain('pw@');
  });

  it('says that something else answers, or nobody', async () => {
    const other = createServer((_request, response) => response.end('<p>hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const asked = ['runs', '--server', `http://127.0.0.1:${port}`];
      const ended = await endsInProcess(2, asked, { cwd: elsewhere.folder });
      expect(ended.stderr).toContain('is not Trainyard: 200 OK');
      await new Promise((resolve) => other.close(resolve));
      const alone = await endsInProcess(8, asked, { cwd: elsewhere.folder });
      expect(alone.stderr).toContain(`Nobody answers at http://127.0.0.1:${port} (ECONNREFUSED).`);
    } finally {
      other.close();
    }
  });

  it('sends its token to servers of this machine and over TLS only, and never shows it', async () => {
    const as = (code: number, token: string, ...args: string[]) =>
      endsInProcess(code, args, { cwd: elsewhere.folder, env: { TRAINYARD_TOKEN: token } });
    const clear = await as(2, 'ty_secret', 'runs', '--server', 'http://trains.example');
    expect(clear.stderr).toMatch(/in clear text[^]*https:\/\/trains\.example/);
    const wrong = await as(4, 'ty_secret', 'runs', '--server', url);
    expect(wrong.stderr).toContain('The token is not known here.');
    const made = await here(0, 'tokens', 'create', 'reader', '--role', 'viewer', '--expires', '1d');
    const reader = made.stdout.trim();
    await as(0, reader, 'runs', '--server', url);
    const denied = await as(4, reader, 'runs', 'cancel', '2', '--server', url, '--json');
    const other = await there(0, 'tokens', 'create', 'other', '--role', 'viewer', '--json');
    const secret = z.object({ secret: z.string() }).parse(other.json()).secret;
    await as(0, secret, 'runs', '--server', url);
    expect((await there(0, 'tokens', '--json')).json()).toEqual((await here(0, 'tokens', '--json')).json());
    await there(0, 'tokens', 'revoke', 'other');
    await as(4, secret, 'runs', '--server', url);
    for (const change of [
      ['tokens', 'create', 'mine', '--role', 'admin'],
      ['accept', 'kiln_1', '--reason', 'mine'],
      ['prune', '--yes'],
      ['notify', 'send'],
    ])
      expect((await as(4, reader, ...change, '--server', url)).stderr).toMatch(
        /needs the role (?:operator|admin)/,
      );
    expect(denied.json()).toMatchObject({
      error: { code: 'not_allowed', exit_code: 4, status: 403, request_id: expect.any(String) },
    });
    for (const { stdout, stderr } of [clear, wrong, denied])
      expect(stdout + stderr).not.toMatch(/ty_secret|ty_[\w-]{43}/);
  });
});
