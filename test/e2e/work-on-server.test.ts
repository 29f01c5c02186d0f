import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openStore } from '../../src/store/index.ts';
import { endsInProcess } from '../helpers/in-process.ts';
import { TestProject } from '../helpers/project.ts';
import { addressOf } from '../helpers/served.ts';
import { until } from '../helpers/until.ts';
import type { Running } from '../helpers/trainyard.ts';

/** Fails where the file of its circuit's name lies in the project. */
const TRAIN = `
if os.path.exists(os.path.join(root, 'break-' + circuit)):
    raise KeyError('flow_temperature')
write_model()`;

/** Waits as long as a file `hold` lies in the project. */
const WAITS = `
while os.path.exists(os.path.join(root, 'hold')):
    time.sleep(0.02)
write_model()`;

const SCRIPT = `import argparse, json, os, sys
p = argparse.ArgumentParser()
p.add_argument("--seed", type=int); p.add_argument("--output-dir")
a = p.parse_args()
json.dump({"mae": a.seed}, open(os.path.join(a.output_dir, "metrics.json"), "w"))
sys.exit(1 if a.seed == 3 else 0)
`;

const HELD_SCRIPT = `import os, time
while os.path.exists("hold"): time.sleep(0.02)
`;

const SETTINGS = `schedules:
  nightly: {cron: "0 3 * * *", timezone: Europe/Berlin, run: {detection: hash}}
`;

const Jobs = z.object({ jobs: z.array(z.object({ name: z.string() })) });
const Report = z.object({
  removed: z.object({ logs: z.object({ count: z.number() }), run: z.object({ count: z.number() }) }),
});

/** Where messages go; it answers with whatever a test wants. */
function receiver() {
  const state = { answers: 204 };
  const server = createServer((request, response) => {
    // With 503 it wants to be left alone for an hour: only who asks for it sends before.
    const headers = state.answers === 503 ? { 'retry-after': '3600' } : {};
    request.resume().on('end', () => response.writeHead(state.answers, headers).end());
  });
  return Object.assign(state, {
    listen: async (): Promise<string> => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  });
}

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
    const env = { TRAINYARD_SERVER: await addressOf(server) };
    await using elsewhere = TestProject.empty();
    const ends = (code: number, ...args: string[]) =>
      endsInProcess(code, args, { cwd: elsewhere.folder, env });
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
    p.remove('break-mill_1');
    const retried = await ends(0, 'retry', '1', '--circuits', 'mill_1', '--json');
    expect(retried.json()).toMatchObject({ approval: { gate: 'training-retry', counts: { approve: 1 } } });

    await until(
      () => ends(0, 'jobs', 'list', '--match', '*_retry_*', '--status', 'succeeded', '--json'),
      ({ stdout }) => stdout.includes('mill_1'),
    );
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

  describe('that needs no run', () => {
    let p: TestProject;
    let elsewhere: TestProject;
    let server: Running;
    let env: Record<string, string>;
    const hook = receiver();
    beforeAll(async () => {
      p = TestProject.create({
        provider: 'local',
        circuits: ['kiln_1', 'mill_1'],
        settings: `retention: {logs: 1s}
notifications:
  channels: {hook: {type: webhook, url: "${await hook.listen()}"}}
  routes: [{channels: [hook], events: ["model.accepted"], severity: info}]
`,
        train: WAITS,
      });
      p.write('training/train_als.py', SCRIPT);
      p.write('training/train_held.py', HELD_SCRIPT);
      await p.trained();
      elsewhere = TestProject.empty();
      server = p.start(['serve', '--port', '0'], { timeout_ms: 600_000 });
      env = { TRAINYARD_SERVER: await addressOf(server) };
    }, 120_000);
    afterAll(async () => {
      server.kill('SIGTERM');
      await server.ended;
      await hook.close();
      await p[Symbol.asyncDispose]();
      await elsewhere[Symbol.asyncDispose]();
    });
    const ends = (code: number, ...args: string[]) =>
      endsInProcess(code, args, { cwd: elsewhere.folder, env });
    const untilListed = (state: string) =>
      until(
        () => ends(0, 'notify', '--json'),
        ({ stdout }) => stdout.includes(`"state": "${state}"`),
      );

    it('accepts models, tells of it once the channel answers, and forgets what it is told to', async () => {
      p.change('kiln_1', 0.2);
      hook.answers = 503;
      const accepted = await ends(0, 'accept', 'kiln_*', '--reason', 'only rounded', '--json');
      expect(accepted.json()).toMatchObject({
        accepted: [{ circuit: 'kiln_1', model_name: 'kiln-1', version: 1 }],
      });
      expect((await ends(0, 'plan')).stdout).toContain('0 to train');
      await untilListed('pending');
      const refused = await ends(8, 'notify', 'send', '--json');
      expect(refused.json()).toEqual({
        sent: 0,
        waiting: 1,
        dead: 0,
        reasons: [expect.stringMatching(/^hook: .*503/)],
      });
      hook.answers = 204;
      expect((await ends(0, 'notify', 'send', '--channel', 'hook')).stdout).toBe('1 message sent.\n');
      hook.answers = 400;
      p.change('mill_1', 0.3);
      await ends(0, 'accept', 'mill_1', '--reason', 'only rounded');
      await untilListed('dead');
      // What could not be delivered before keeps nobody from waiting for what is sent now.
      hook.answers = 503;
      p.change('mill_1', 0.4);
      await ends(0, 'accept', 'mill_1', '--reason', 'only rounded');
      await untilListed('pending');
      await ends(8, 'notify', 'send');
      hook.answers = 204;
      expect((await ends(0, 'notify', 'send')).stdout).toBe('1 message sent.\n');
      hook.answers = 400;
      const given_up = await ends(8, 'notify', 'replay', '--dead');
      expect(given_up.stdout).toMatch(/^0 messages sent, 1 could not be delivered\.\n {2}hook: .*400/);
      hook.answers = 204;
      expect((await ends(0, 'notify', 'replay', '--dead', '--json')).json()).toEqual({
        replayed: 1,
        sent: 1,
        waiting: 0,
        dead: 0,
        reasons: [],
      });
      expect((await ends(0, 'notify', 'drop', '--dead')).stdout).toBe('0 messages are forgotten.\n');
    });

    it('runs scripts, ranks them by a metric, and writes reports here', async () => {
      const ran = await ends(
        1,
        'scripts',
        '--only',
        'als',
        '--sweep',
        'seed=1..3',
        '--metric',
        'mae:min',
        '--report',
        'junit=report.xml',
        '--json',
      );
      expect(ran.json()).toMatchObject({
        status: 'failed',
        counts: { succeeded: 2, failed: 1 },
        ranking: [
          { id: 'train_als__seed-1', value: 1 },
          { id: 'train_als__seed-2', value: 2 },
        ],
      });
      expect(ran.stderr).toContain('train_als__seed-3');
      expect(elsewhere.read('report.xml')).toContain('tests="3"');
      expect(
        (await ends(0, 'scripts', '--only', 'als', '--sweep', 'seed=2', '--metric', 'mae:min')).stdout,
      ).toMatch(/mae \(min\)/i);
    });

    it('removes what is old, and waits for its end', async () => {
      // What the scripts before left is over for a second then.
      const dry = await until(
        () => ends(0, 'prune', '--dry-run', '--json'),
        (told) => Number(Report.parse(told.json()).removed.logs.count) > 0,
      );
      const done = await ends(0, 'prune', '--json');
      expect(done.json()).toMatchObject({ dry_run: false, removed: { run: { count: 0 } } });
      // More may have got old meanwhile.
      const { logs } = Report.parse(done.json()).removed;
      expect(logs.count).toBeGreaterThanOrEqual(Report.parse(dry.json()).removed.logs.count);
      expect((await ends(0, 'prune')).stdout).toMatch(/^REMOVED[^]*logs and work folders of runs +1 s/i);
      expect((await ends(0, 'audit', '--type', 'retention.*')).stdout).toMatch(
        /retention\.pruned[^]*retention\.asked/,
      );
    });

    it('waits for jobs that run, until they are over or the time is up', async () => {
      p.write('hold', '');
      p.write('config/circuits.yaml', p.read('config/circuits.yaml').replace('lr: 0.1', 'lr: 0.7'));
      const running = elsewhere.start(['run', '--circuits', 'kiln_1,mill_1'], { env, timeout_ms: 120_000 });
      const { jobs } = Jobs.parse(
        (
          await until(
            () => ends(0, 'jobs', 'list', '--status', 'running', '--json'),
            (told) => Jobs.parse(told.json()).jobs.length === 2,
          )
        ).json(),
      );
      elsewhere.write('jobs.json', JSON.stringify(jobs.map(({ name }) => name)));
      const late = await ends(10, 'wait', 'jobs.json', '--timeout', '1s');
      expect(late.stdout).toMatch(/^2 jobs: 2 running[^]*Still going after 1/);
      const begin = async (): Promise<Running> => {
        const waits = elsewhere.start(['wait', 'jobs.json'], { env, timeout_ms: 120_000 });
        await waits.says(/Waiting for 2 jobs of run \d+, at most/);
        return waits;
      };
      const stopped = await begin();
      stopped.kill('SIGINT');
      expect(await stopped.ended).toMatchObject({
        code: 130,
        stdout: expect.stringContaining('Stopped waiting. The jobs go on.'),
      });
      const waits = await begin();
      p.remove('hold');
      expect(await waits.ended).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('2 jobs: 2 succeeded.'),
      });
      await running.ended;
    }, 120_000);

    it('leaves scripts running when somebody stops looking, and jobs that nothing will end', async () => {
      p.write('hold', '');
      const looks = elsewhere.start(['scripts', '--only', 'held'], { env, timeout_ms: 120_000 });
      const { jobs } = Jobs.parse(
        (
          await until(
            () => ends(0, 'jobs', 'list', '--status', 'running', '--json'),
            (told) => Jobs.parse(told.json()).jobs.length === 1,
          )
        ).json(),
      );
      await looks.says(/started/i);
      looks.kill('SIGINT');
      expect(await looks.ended).toMatchObject({
        code: 130,
        stderr: expect.stringMatching(/Detached\. The server goes on with run \d+/),
      });
      // As a process leaves it that died between two writes.
      const store = await openStore(p.state);
      const over = { status: 'failed', ended_at: new Date().toISOString(), due_at: null };
      await store.db.updateTable('runs').set(over).where('ended_at', 'is', null).execute();
      await store.close();
      elsewhere.write('jobs.json', JSON.stringify(jobs.map(({ name }) => name)));
      expect((await ends(9, 'wait', 'jobs.json')).stdout).toMatch(
        /Run \d+ is over \(failed\) and these never ended/,
      );
    }, 120_000);
  });
});
