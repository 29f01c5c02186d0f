import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadComponent } from '../../assets/index.ts';
import type { Observation, Submission } from '../../jobs/compute.ts';
import { processStart } from '../../kernel/processes.ts';
import { LocalHarness, testEnv } from './local-harness.ts';

async function ended(h: LocalHarness, s: Submission): Promise<Observation> {
  for (let i = 0; i < 1500; i++) {
    const found = (await h.compute.list({ run_id: s.run_id, cursor: null })).observations.find(
      (o) => o.key === s.key,
    );
    if (found !== undefined && !['queued', 'preparing', 'running'].includes(found.state)) return found;
    await h.pass();
  }
  throw new Error(`${s.key} does not end`);
}

async function run(h: LocalHarness, s: Submission): Promise<Observation> {
  await h.compute.submit([s]);
  return ended(h, s);
}

const folderOf = (h: LocalHarness, s: Submission): string => join(h.state, 'jobs', s.run_id, s.key);
const logOf = (h: LocalHarness, s: Submission): string => readFileSync(join(folderOf(h, s), 'log'), 'utf8');

function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path) && statSync(path).isFile());
}

async function logged(h: LocalHarness, s: Submission, pattern: RegExp): Promise<string> {
  for (let i = 0; i < 500; i++) {
    const found = existsSync(join(folderOf(h, s), 'log')) ? pattern.exec(logOf(h, s)) : null;
    if (found !== null) return found[1] ?? '';
    await h.pass();
  }
  throw new Error(`${String(pattern)} does not appear`);
}

describe.concurrent('a job of the local provider', () => {
  it('runs in a clean folder with its code linked in, and knows who it is', async () => {
    await using h = await LocalHarness.create();
    const s = h.command(
      'python -S package/helper.py && env | grep ^TRAINYARD_ | sort && echo new > package/helper.txt && pwd',
    );
    expect(await run(h, s)).toMatchObject({ state: 'succeeded' });
    const log = logOf(h, s);
    expect(log).toContain('helper\n');
    for (const line of [
      `ATTEMPT=${s.key}`,
      `CIRCUIT=${s.circuit_id}`,
      `JOB=${s.job_name}`,
      `RUN_ID=${s.run_id}`,
    ]) {
      expect(log).toContain(`TRAINYARD_${line}\n`);
    }
    expect(log).toContain(`${join(folderOf(h, s), 'work')}\n`);
    expect(existsSync(join(h.project, 'code/package/helper.txt'))).toBe(false);
  });

  it('gets its values byte for byte, as one argument and as environment', async () => {
    await using h = await LocalHarness.create();
    const value = `a "b" 'c' $HOME \`id\` 水 \\n *`;
    const command =
      'python -S -c "import os, sys; print(sys.argv[1] == os.environ[\'TEXT\'], ascii(sys.argv[1]))" ${{inputs.note}}';
    const s = h.command(command, { note: value, environment_variables: { TEXT: value } });
    expect(await run(h, s)).toMatchObject({ state: 'succeeded' });
    expect(logOf(h, s)).toBe(
      `True '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('水', '\\u6c34')}'\n`,
    );
  });

  it('fails as setup with exit code 127 where its command does not exist, which preflight says before', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('no-such-command-here --fit');
    const { problems } = await h.compute.preflight([s]);
    expect(problems).toMatchObject([
      { kind: 'compute', message: expect.stringContaining('no-such-command-here') },
    ]);
    expect(await run(h, s)).toMatchObject({
      state: 'failed',
      reason: 'setup',
      exit_code: 127,
      running_at: null,
    });
    const script = h.command('true && no-such-command-here');
    expect(await run(h, script)).toMatchObject({ state: 'failed', reason: 'setup', exit_code: 127 });
  });

  it('says what it died of', async () => {
    await using h = await LocalHarness.create();
    const killed = h.command('python -S -c "import os; os.kill(os.getpid(), 9)"');
    expect(await run(h, killed)).toMatchObject({ reason: 'out_of_memory', exit_code: 137 });
    const crashed = h.command('python -S -c "import os; os.kill(os.getpid(), 11)"');
    expect(await run(h, crashed)).toMatchObject({
      reason: 'user_code',
      message: 'killed by SIGSEGV',
      exit_code: 139,
    });
    const raised = h.command(`python -S -c "raise ValueError('no rows')"`);
    expect(await run(h, raised)).toMatchObject({
      reason: 'user_code',
      message: 'exit code 1: ValueError: no rows',
    });
  });

  it('measures processor time and peak memory', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('python -S -c "x = bytearray(60_000_000); sum(range(2_000_000))"');
    const { usage } = await run(h, s);
    expect(usage.peak_memory_mib).toBeGreaterThan(57);
    expect(usage.peak_memory_mib).toBeLessThan(200);
    expect(usage.cpu_s).toBeGreaterThan(0.01);
  });

  it('leaves no process behind when it ends', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('sleep 301 & echo pid $!');
    expect(await run(h, s)).toMatchObject({ state: 'succeeded' });
    const pid = Number(await logged(h, s, /pid (\d+)/));
    for (let i = 0; i < 1000 && processStart(pid) !== ''; i++) await h.pass();
    expect(processStart(pid)).toBe('');
  });

  it('is canceled with its grandchildren, those too that ignore the request', async () => {
    await using h = await LocalHarness.create({ grace_s: 0.3 });
    const s = h.command(
      '(trap "" TERM; sleep 302 & echo stubborn $!; wait) & sleep 303 & echo mild $! && wait',
    );
    await h.compute.submit([s]);
    const pids = [Number(await logged(h, s, /stubborn (\d+)/)), Number(await logged(h, s, /mild (\d+)/))];
    await h.compute.cancel(s.run_id, [s.key]);
    expect((await ended(h, s)).state).toBe('canceled');
    expect(pids.map(processStart)).toEqual(['', '']);
  });

  it('has the grace period to end in its own way when it is canceled', async () => {
    await using h = await LocalHarness.create({ grace_s: 5 });
    const s = h.command(
      "trap 'sleep 0.1; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
    );
    await h.compute.submit([s]);
    await logged(h, s, /(ready)/);
    await h.compute.cancel(s.run_id, [s.key]);
    expect((await ended(h, s)).state).toBe('canceled');
    expect(logOf(h, s)).toContain('saved');
  });

  it('runs the steps of a pipeline one after the other, hands outputs on, and stops at the first failure', async () => {
    await using h = await LocalHarness.create();
    writeFileSync(join(h.project, 'pipeline.yaml'), PIPELINE);
    const component = await loadComponent(join(h.project, 'pipeline.yaml'));
    const s: Submission = {
      ...h.command('true'),
      component,
      inputs: { word: { kind: 'literal', value: 'hello' } },
    };
    expect(await run(h, s)).toMatchObject({ state: 'succeeded', exit_code: 0 });
    expect(logOf(h, s)).toBe('== prepare ==\n== fit ==\nfitting hello\n');
    const outputs = await h.compute.outputs?.(s.run_id, s.key);
    expect((await outputs?.files('model'))?.map((f) => f.path)).toEqual(['model.txt']);
    const bad: Submission = {
      ...h.command('true'),
      component,
      inputs: { word: { kind: 'literal', value: '-x' } },
    };
    expect(await run(h, bad)).toMatchObject({ state: 'failed', reason: 'user_code', exit_code: 4 });
    expect(logOf(h, bad)).toBe('== prepare ==\n');
  });
});

const PIPELINE = `name: two-steps
version: "1"
type: pipeline
inputs:
  word: {type: string}
outputs:
  model: {type: uri_folder}
jobs:
  fit:
    type: command
    component:
      type: command
      inputs: {prepared: {type: uri_folder}}
      outputs: {model: {type: uri_folder}}
      environment: azureml:env:1
      command: echo fitting $(cat \${{inputs.prepared}}/word.txt) && cp \${{inputs.prepared}}/word.txt \${{outputs.model}}/model.txt
    inputs: {prepared: "\${{parent.jobs.prepare.outputs.prepared}}"}
    outputs: {model: "\${{parent.outputs.model}}"}
  prepare:
    type: command
    component:
      type: command
      inputs: {word: {type: string}}
      outputs: {prepared: {type: uri_folder}}
      environment: azureml:env:1
      command: test \${{inputs.word}} != -x || exit 4; printf %s \${{inputs.word}} > \${{outputs.prepared}}/word.txt
    inputs: {word: "\${{parent.inputs.word}}"}
`;

describe.concurrent('what the local provider looks at first', () => {
  it('names missing data once, with the circuits that need it, and addresses that only a cloud can read', async () => {
    await using h = await LocalHarness.create();
    writeFileSync(join(h.project, 'there.csv'), 'x');
    const data = { type: 'uri_file', optional: false, default: null, description: null } as const;
    const at = (path: string): Submission =>
      h.command(
        'cat ${{inputs.data}}',
        {},
        { inputs: { data } },
        { inputs: { data: { kind: 'asset', type: 'uri_file', path } } },
      );
    const all = [at('there.csv'), at('gone.csv'), at('gone.csv'), at('abfss://lake@account/x')];
    const { problems, warnings } = await h.compute.preflight(all);
    expect(problems).toMatchObject([
      {
        kind: 'data',
        circuit_ids: [all[1]?.circuit_id, all[2]?.circuit_id],
        message: `There is no ${h.project}/gone.csv.`,
      },
    ]);
    expect(warnings).toEqual([expect.stringContaining('abfss://lake@account/x')]);
    const there = all[0];
    if (there !== undefined) expect(await run(h, there)).toMatchObject({ state: 'succeeded' });
  });

  it('names code that changed since the plan, before anything runs', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('true');
    writeFileSync(join(h.project, 'code', 'train.py'), 'print("another")\n');
    const { problems } = await h.compute.preflight([s]);
    expect(problems).toMatchObject([
      { kind: 'files', message: expect.stringContaining('changed since the plan') },
    ]);
  });

  it('may warm up before there is work, and where it cannot it stays quiet', async () => {
    await using h = await LocalHarness.create();
    h.compute.warmUp?.();
    h.compute.warmUp?.();
    expect(await run(h, h.command('true'))).toMatchObject({ state: 'succeeded' });
    // Asked again with the launcher up, there is still the one: two would start jobs of the same queue.
    h.compute.warmUp?.();
    expect(await run(h, h.command('true'))).toMatchObject({ state: 'succeeded' });
    const [owner = '', ...more] = readdirSync(join(h.state, 'launchers'));
    expect(more).toEqual([]);
    const journal = readFileSync(join(h.state, 'launchers', owner, 'journal.jsonl'), 'utf8');
    expect(journal.match(/"e":"open"/g)).toHaveLength(1);
    await using bare = await LocalHarness.create({ env: { PATH: '/nowhere' } });
    bare.compute.warmUp?.();
    expect((await bare.compute.preflight([bare.command('true')])).problems).toHaveLength(1);
  });

  it('refuses keys and run ids that would climb out of their folder', async () => {
    await using h = await LocalHarness.create();
    const outcomes = await h.compute.submit([
      h.command('true', { key: '../up' }),
      h.command('true', { run_id: '../up' }),
      h.command('true', { run_id: '..' }),
    ]);
    expect(outcomes).toMatchObject([1, 2, 3].map(() => ({ accepted: false, reason: 'setup' })));
    expect(existsSync(join(h.project, 'up'))).toBe(false);
    expect((await h.compute.list({ run_id: '../up', cursor: null })).observations).toEqual([]);
  });

  it('says in its check what is missing', async () => {
    await using h = await LocalHarness.create({ env: { PATH: '/nowhere' } });
    const checks = await h.compute.check();
    expect(checks.find((c) => c.name === 'python')).toMatchObject({
      ok: false,
      hint: expect.stringContaining('3.9'),
    });
    const { problems } = await h.compute.preflight([h.command('true')]);
    expect(problems).toMatchObject([{ kind: 'compute', circuit_ids: [] }]);
  });
});

describe.concurrent('secrets of the local provider', () => {
  const SECRET = 'swordfish-7f3a';
  const env = {
    ...testEnv(),
    TRAINYARD_TEST_TOKEN: SECRET,
    TRAINYARD_TEST_LONGER: `${SECRET}-and-more`,
    TRAINYARD_TEST_PIN: 'abc',
  };

  it('never reach the log or any other file, even in pieces', async () => {
    await using h = await LocalHarness.create({ env });
    const script = [
      'import os, sys, time',
      'value, longer = os.environ["VALUE"], os.environ["LONGER"]',
      'for piece in ("x" + value[:5], value[5:] + "y\\n", longer[:16], longer[16:] + "\\n", value + value[:3]):',
      '    sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.03)',
      'print(" pin", os.environ["PIN"], len(value))',
      'raise ValueError("bad token " + value)',
    ].join('\n');
    writeFileSync(join(h.project, 'leak.py'), script);
    const s = h.command(`python -S ${join(h.project, 'leak.py')} \${{inputs.note}}`, {
      note: 'token=${env:TRAINYARD_TEST_TOKEN}',
      environment_variables: {
        VALUE: '${env:TRAINYARD_TEST_TOKEN}',
        LONGER: '${env:TRAINYARD_TEST_LONGER}',
        PIN: '${env:TRAINYARD_TEST_PIN}',
      },
    });
    const o = await run(h, s);
    expect(o).toMatchObject({ state: 'failed', message: 'exit code 1: ValueError: bad token [redacted]' });
    expect(logOf(h, s)).toMatch(/^x\[redacted\]y\n\[redacted\]\n\[redacted\]swo pin abc 14\n/);
    await h.compute.close();
    for (const path of allFiles(h.state)) expect(readFileSync(path, 'latin1')).not.toContain(SECRET);
  });

  it('of the messages are not inherited by jobs, and still reach who names them', async () => {
    await using h = await LocalHarness.create({ env, withheld: ['TRAINYARD_TEST_TOKEN', 'PATH'] });
    const look =
      'import os; print(os.environ.get("TRAINYARD_TEST_TOKEN", "absent"), len(os.environ["PATH"]) > 0)';
    writeFileSync(join(h.project, 'look.py'), look);
    const command = `python -S ${join(h.project, 'look.py')}`;
    const without = h.command(command);
    expect(await run(h, without)).toMatchObject({ state: 'succeeded' });
    expect(logOf(h, without)).toContain('absent True');
    const named = h.command(command, {
      environment_variables: { TRAINYARD_TEST_TOKEN: '${env:TRAINYARD_TEST_TOKEN}' },
    });
    expect(await run(h, named)).toMatchObject({ state: 'succeeded' });
    expect(logOf(h, named)).toContain('[redacted] True');
  });

  it('reach the command as they are', async () => {
    await using h = await LocalHarness.create({ env });
    const command =
      "python -S -c \"import sys; sys.exit(0 if sys.argv[1] == 'token=swordfish' + '-7f3a' else 5)\" ${{inputs.note}}";
    const s = h.command(command, { note: 'token=${env:TRAINYARD_TEST_TOKEN}' });
    expect(await run(h, s)).toMatchObject({ state: 'succeeded' });
  });

  it('are named by preflight when they are missing, and fail the attempt as setup', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('true', { environment_variables: { VALUE: '${env:TRAINYARD_TEST_ABSENT}' } });
    const { problems } = await h.compute.preflight([s]);
    expect(problems).toMatchObject([
      { kind: 'environment', message: expect.stringContaining('TRAINYARD_TEST_ABSENT') },
    ]);
    expect(await run(h, s)).toMatchObject({
      state: 'failed',
      reason: 'setup',
      message: problems[0]?.message,
    });
  });
});
