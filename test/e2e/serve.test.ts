import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listApprovals } from '../../src/gates/index.ts';
import { TRAINS_WHEN_LET, TestProject } from '../helpers/project.ts';
import type { ProjectOptions } from '../helpers/project.ts';
import { serving } from '../helpers/serving.ts';
import { startsOf } from '../helpers/starts.ts';
import { until } from '../helpers/until.ts';
import type { Running } from '../helpers/trainyard.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

function project(options: ProjectOptions = {}): TestProject {
  const made = TestProject.create({ circuits: ['kiln_1', 'kiln_2'], ...options });
  opened.push(made);
  return made;
}

interface Serving {
  readonly process: Running;
  readonly url: string;
  readonly get: <T>(path: string) => Promise<T>;
}

async function serve(p: TestProject, ...args: readonly string[]): Promise<Serving> {
  const { process, url } = await serving(p, args);
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`);
    return (await response.json()) as T;
  };
  return { process, url, get };
}

interface System {
  readonly drives: boolean;
  readonly holder: { readonly kind: string; readonly pid: number; readonly here: boolean } | null;
  readonly streams: number;
  readonly settings_problem: string | null;
  readonly restart_for: readonly string[];
  readonly gates: Readonly<Record<string, unknown>>;
}
const system = (s: Serving): Promise<System> => s.get('/api/v1/system');

interface Runs {
  readonly items: readonly { readonly number: number; readonly status: string }[];
}

/** What an event stream says from now on. */
async function listen(s: Serving): Promise<{ readonly text: () => string; readonly over: Promise<void> }> {
  const response = await fetch(`${s.url}/api/v1/events/stream`);
  let text = '';
  const decoder = new TextDecoder();
  const over = (async () => {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
  })();
  over.catch(() => undefined);
  return { text: () => text, over };
}

const over = async (running: Running): Promise<number | null> => (await running.ended).code;

it('looks at the fleet as soon as it serves, before anybody asks', { timeout: 60_000 }, async () => {
  const p = project();
  const s = await serve(p);
  await until(
    async () => p.has('.trainyard/cache/fleet.json'),
    (looked) => looked,
  );
  s.process.kill('SIGTERM');
  expect(await over(s.process)).toBe(0);
});

describe('a server beside another process', { timeout: 90_000 }, () => {
  it('answers while `run` holds the project, says so, and takes over by itself when that ends', async () => {
    const p = project({ provider: 'local', train: TRAINS_WHEN_LET });
    const run = p.start(['run'], { timeout_ms: 90_000 });
    await until(
      async () => p.processes().length,
      () => p.has('.trainyard/trainyard.db') && run.stderr.includes('kiln_1'),
    );
    const s = await serve(p);
    const before = await until(
      () => system(s),
      (now) => now.holder !== null,
    );
    expect(before).toMatchObject({ drives: false, holder: { kind: 'run', pid: run.pid, here: false } });
    expect((await fetch(`${s.url}/readyz`)).status).toBe(200);
    const stream = await listen(s);
    p.write('go', '');
    expect(await over(run)).toBe(11);
    const after = await until(
      () => system(s),
      (now) => now.drives,
    );
    expect(after.holder).toMatchObject({ kind: 'serve', pid: s.process.pid, here: true });
    // What the other process wrote, as it wrote it; and what this one writes from now on.
    await until(
      async () => stream.text(),
      (text) => text.includes('"type":"approval.requested"'),
    );
    const { items } = await s.get<{ items: readonly { id: string }[] }>('/api/v1/approvals');
    for (const { id } of items) await p.ok(['approve', id, '--no-wait']);
    await until(
      async () => stream.text(),
      (text) => text.includes('"type":"run.succeeded"'),
    );
    expect(startsOf(p.state)).toEqual({ kiln_1_2026_03_31: 1, kiln_2_2026_03_31: 1 });
    s.process.kill('SIGTERM');
    expect(await over(s.process)).toBe(0);
    await stream.over;
  });

  it('is handed the run by `trainyard run`, which watches it to its end', async () => {
    const p = project();
    const s = await serve(p);
    await until(
      () => system(s),
      (now) => now.drives,
    );
    await p.ok(['run', '--approve', 'all'], { timeout_ms: 60_000 });
    const { items } = await s.get<Runs>('/api/v1/runs');
    expect(items).toMatchObject([{ number: 1, status: 'succeeded' }]);
    expect((await system(s)).drives).toBe(true);
  });

  it('may be another server: that one waits, says so, and takes over when the first is gone', async () => {
    const p = project();
    const first = await serve(p);
    await until(
      () => system(first),
      (now) => now.drives,
    );
    const second = await serve(p);
    await second.process.says(/takes over once that has ended/);
    expect(await system(second)).toMatchObject({ drives: false, holder: { pid: first.process.pid } });
    const ready = await second.get<{ checks: readonly { name: string; message: string }[] }>('/readyz');
    expect(ready.checks.find((check) => check.name === 'runs')?.message).toBe(
      'Another process advances the runs (trainyard serve).',
    );
    first.process.kill('SIGKILL');
    await first.process.ended;
    await until(
      () => system(second),
      (now) => now.drives,
    );
    await p.ok(['run', '--approve', 'all'], { timeout_ms: 60_000 });
  });

  it('on a port that is taken is told so, and changes nothing', async () => {
    const p = project();
    const first = await serve(p);
    const port = new URL(first.url).port;
    const refused = await p.ends(2, ['serve', '--port', port]);
    expect(refused.stderr).toContain(`Port ${port} of 127.0.0.1 is taken.`);
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  });
});

describe('a server that is told to end', { timeout: 90_000 }, () => {
  it('leaves running jobs to the next one, which trains nothing twice', async () => {
    const p = project({ provider: 'local', train: TRAINS_WHEN_LET });
    const first = await serve(p);
    const run = p.start(['run', '--approve', 'all'], { timeout_ms: 90_000 });
    await until(
      async () => startsOf(p.state),
      (starts) => Object.keys(starts).length === 2,
    );
    // Whoever watches would take over himself.
    run.kill('SIGTERM');
    await run.ended;
    const stream = await listen(first);
    first.process.kill('SIGTERM');
    expect(await over(first.process)).toBe(0);
    await stream.over;
    const second = await serve(p);
    await until(
      () => system(second),
      (now) => now.drives,
    );
    p.write('go', '');
    await until(
      () => second.get<Runs>('/api/v1/runs'),
      ({ items }) => items[0]?.status === 'succeeded',
    );
    expect(startsOf(p.state)).toEqual({ kiln_1_2026_03_31: 1, kiln_2_2026_03_31: 1 });
  });

  it('waits for what is under way, and ends at once when it is told again', async () => {
    const p = project();
    const s = await serve(p);
    const { hostname, port } = new URL(s.url);
    // A request of which half has come: nobody can answer it yet.
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `POST /api/v1/plans HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"circ`,
    );
    await until(
      () => fetch(`${s.url}/healthz`),
      ({ status }) => status === 200,
    );
    s.process.kill('SIGTERM');
    await s.process.says(/Ending: /);
    await expect(fetch(`${s.url}/healthz`)).rejects.toThrow();
    expect(s.process.child.exitCode).toBeNull();
    s.process.kill('SIGTERM');
    expect((await s.process.ended).code).toBe(143);
    socket.destroy();
  });
});

describe('trainyard.yaml that changes while a server runs', { timeout: 90_000 }, () => {
  it('is taken up but for what counts from the start, and left where it is broken', async () => {
    const p = project({ settings: 'groups: {leads: [ada]}\n' });
    const s = await serve(p);
    const good = p.read('trainyard.yaml');
    p.write(
      'trainyard.yaml',
      `${good}server: {port: 9999}\ngates: {promote_models: {approvers: ["@leads"]}}\n`,
    );
    const changed = await until(
      () => system(s),
      (now) => now.restart_for.length > 0,
    );
    expect(changed).toMatchObject({
      restart_for: ['server.port'],
      settings_problem: null,
      gates: { promote_models: { approvers: ['@leads'] } },
    });
    p.write('trainyard.yaml', `${good}gates: {promote_models: {approvers: 7}}\n`);
    const broken = await until(
      () => system(s),
      (now) => now.settings_problem !== null,
    );
    expect(broken.settings_problem).toMatch(/^trainyard\.yaml:\d+ gates\.promote_models\.approvers: /);
    expect(broken.gates).toEqual(changed.gates);
    await s.process.says(/trainyard\.yaml changed and is not used/);
    p.write('trainyard.yaml', good);
    await until(
      () => system(s),
      (now) => now.settings_problem === null && now.restart_for.length === 0,
    );
  });
});

describe('the log of a process that stays', { timeout: 90_000 }, () => {
  const linesOf = (text: string): Record<string, unknown>[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('is JSON where nobody watches: what happened, with the run, stage and circuit, and each request', async () => {
    const p = project();
    const s = await serve(p);
    await until(
      () => system(s),
      (now) => now.drives,
    );
    await p.ok(['run', '--approve', 'all'], { timeout_ms: 60_000 });
    s.process.kill('SIGTERM');
    const { stderr } = await s.process.ended;
    const lines = linesOf(stderr);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'run.succeeded', level: 'info', run: 1, run_id: expect.any(String) }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'model.registered', circuit_id: 'kiln_1', run: 1 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ method: 'GET', route: '/api/v1/system', status: 200, via: 'local' }),
    );
  });

  it('is text for people where they ask for it', async () => {
    const s = await serve(project(), '--log-format', 'text');
    expect(s.process.stderr).toMatch(
      /^\d\d:\d\d:\d\d Trainyard serves .* at http:\/\/127\.0\.0\.1:\d+ {2}pid=\d+\n/,
    );
  });

  it('of a worker is the same where it is asked for', async () => {
    const p = project();
    await p.ends(11, ['run'], { timeout_ms: 60_000 });
    const waiting = await p.rows((store) => listApprovals(store.db, { status: 'waiting', limit: 9 }));
    for (const { id } of waiting) await p.ok(['approve', id, '--no-wait']);
    const { stderr } = await p.ok(['worker', '--until-idle', '--log-format', 'json'], { timeout_ms: 60_000 });
    const lines = linesOf(stderr);
    expect(lines[0]).toMatchObject({ level: 'info', message: 'Going on with run 1.' });
    expect(lines.at(-1)).toMatchObject({ message: 'Every run is over.' });
    expect(lines).toContainEqual(expect.objectContaining({ event: 'run.succeeded', run: 1 }));
  });
});
