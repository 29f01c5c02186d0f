import { isAbsolute } from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AZURE, GithubStep, commandsOf, variablesIn } from '../helpers/build.ts';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { addressOf } from '../helpers/served.ts';

const FOUR = ['kiln_1', 'kiln_2', 'kiln_3', 'kiln_4'];
/** The last words of a training that would like to steer the pipeline. */
const INJECTION =
  '##vso[task.setvariable variable=hasTrainingFailures]false | `<b>@ada`\n::set-output name=a::b';
const FAILS = ['--fail', `kiln_2=${INJECTION}`];
const names = (commands: readonly { readonly name: string }[]): string[] => [
  ...new Set(commands.map((c) => c.name)),
];

describe('in GitHub Actions', () => {
  it('a run gives outputs, annotations and a summary, and no more commands than those', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    const step = new GithubStep(project);
    const ended = await project.ends(11, ['run', ...FAILS], { env: step.env });
    expect(step.outputs).toEqual({
      hasTrainingFailures: 'true',
      newEnvRegistered: 'true',
      run_number: '1',
      run_status: 'waiting',
      failed_count: '1',
      failed_circuits: '["kiln_2"]',
      training_jobs: project.path('.trainyard/runs/1/artifacts/training_jobs.json'),
    });
    expect(readFileSync(step.outputs['training_jobs'] ?? '', 'utf8')).toContain('kiln_2_2026_03_31');
    const commands = commandsOf(ended);
    expect(commands.map((c) => `${c.name} ${c.properties['title']}`)).toEqual([
      'error Run 1: 1 circuit failed',
      'warning Run 1 waits at gate training-retry',
      'warning Run 1 waits at gate registry-promotion',
    ]);
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(step.summary).toContain('## ‖ Run 1 waiting');
    expect(step.summary).toContain(
      '| 1 | \\#\\#vso\\[task.setvariable variable=hasTrainingFailures\\]false \\| ',
    );
    const request = await openRequest(project, 'training-retry');
    expect(step.summary).toContain(`\`trainyard approve ${request}\``);
  });

  it('a run that went well says so to the steps that follow, and annotates nothing', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    await project.trained();
    project.change('kiln_3', 0.3);
    const step = new GithubStep(project);
    const ended = await project.ok(['run', '--approve', 'all'], { env: step.env });
    expect(step.outputs).toMatchObject({
      hasTrainingFailures: 'false',
      newEnvRegistered: 'false',
      run_number: '2',
      run_status: 'succeeded',
      failed_circuits: '[]',
    });
    expect(commandsOf(ended)).toEqual([]);
    expect(ended.stdout).toBe('');
    expect(step.summary).toContain('## ✓ Run 2 succeeded');
  });

  it('every command that goes on with a run tells of it: approve, accept-partial, worker', async () => {
    await using project = TestProject.create({ circuits: FOUR, environment: false });
    await project.ends(11, ['run', '--fail', 'kiln_2=sensor is dead']);
    const approve = new GithubStep(project, 'approve');
    await project.ends(9, ['approve', await openRequest(project, 'training-retry')], { env: approve.env });
    expect(approve.outputs).toMatchObject({ hasTrainingFailures: 'true', run_status: 'failed' });
    expect(approve.summary).toContain('Next: `trainyard runs accept-partial 1`');
    const accept = new GithubStep(project, 'accept');
    const accepted = await project.ends(11, ['runs', 'accept-partial', '1', '--json'], { env: accept.env });
    expect(accept.outputs).toMatchObject({ run_status: 'waiting', failed_circuits: '["kiln_2"]' });
    // Somebody wants it so: that is no error any more.
    expect(commandsOf(accepted).map((c) => c.name)).toEqual(['warning', 'warning']);
    const worker = new GithubStep(project, 'worker');
    await project.ok(['approve', await openRequest(project, 'registry-promotion'), '--no-wait']);
    await project.ok(['worker', '--until-idle'], { env: worker.env });
    expect(worker.outputs).toMatchObject({ run_number: '1', run_status: 'succeeded' });
  });

  it('files that cannot be written are told, and change no outcome', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: project.folder,
      GITHUB_STEP_SUMMARY: project.folder,
    };
    const ended = await project.ok(['run', '--approve', 'all'], { env });
    expect(ended.stderr).toContain('Could not write the outputs of this step: EISDIR');
    expect(ended.stderr).toContain('Could not write the summary of this step: EISDIR');
  });
});

describe('in Azure DevOps', () => {
  it('a run sets variables under both spellings, logs issues and shows a summary page', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    const ended = await project.ends(11, ['run', ...FAILS], { env: AZURE });
    const commands = commandsOf(ended);
    expect(names(commands)).toEqual([
      'task.setprogress',
      'task.setvariable',
      'task.logissue',
      'task.uploadsummary',
    ]);
    expect(variablesIn(commands)).toEqual({
      hasTrainingFailures: 'true',
      newEnvRegistered: 'true',
      'out.hasTrainingFailures': 'true',
      'out.newEnvRegistered': 'true',
      'out.run_number': '1',
      'out.run_status': 'waiting',
      'out.failed_count': '1',
      'out.training_jobs': project.path('.trainyard/runs/1/artifacts/training_jobs.json'),
    });
    expect(commands.filter((c) => c.name === 'task.logissue').map((c) => c.properties['type'])).toEqual([
      'error',
      'warning',
      'warning',
    ]);
    const page = commands.find((c) => c.name === 'task.uploadsummary')?.value ?? '';
    expect(isAbsolute(page)).toBe(true);
    expect(readFileSync(page, 'utf8')).toContain('## ‖ Run 1 waiting');
    const shares = commands
      .filter((c) => c.name === 'task.setprogress')
      .map((c) => Number(c.properties['value']));
    expect(shares.at(-1)).toBe(100);
    expect(shares).toEqual([...new Set(shares)].toSorted((a, b) => a - b));
  });

  it('with --json the document stands alone, and the commands on standard error', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    const ended = await project.ends(11, ['run', '--json', ...FAILS], { env: AZURE });
    expect(ended.json()).toMatchObject({ number: 1, failed_circuits: ['kiln_2'] });
    const { stdout, stderr } = ended;
    expect(commandsOf({ stdout, stderr: '' })).toEqual([]);
    expect(variablesIn(commandsOf({ stdout: '', stderr }))).toMatchObject({
      'out.hasTrainingFailures': 'true',
    });
    // The message is in the document as the job said it, though no agent can read it there.
    const jobs = await project.ok(['jobs', '--status', 'failed', '--json'], { env: AZURE });
    expect(commandsOf(jobs)).toEqual([]);
    expect(jobs.json()).toMatchObject({ jobs: [{ message: INJECTION.split('\n')[0] }] });
  });

  it('success in spite of failures is success with issues', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    project.edit('config/circuits.yaml', 'circuit_id: 2}', 'circuit_id: 2, optional: true}');
    const run = ['run', '--fail', 'kiln_2', '--approve', 'registry-promotion'];
    const waiting = await project.ends(11, run, { env: AZURE });
    expect(names(commandsOf(waiting))).not.toContain('task.complete');
    const ended = await project.ok(['reject', await openRequest(project, 'training-retry')], { env: AZURE });
    const commands = commandsOf(ended);
    const complete = commands.filter((c) => c.name === 'task.complete').map((c) => c.properties['result']);
    expect(complete).toEqual(['SucceededWithIssues']);
    expect(commands.filter((c) => c.name === 'task.logissue')).toMatchObject([
      { properties: { type: 'warning' } },
    ]);
  });
});

describe('on a server', { timeout: 120_000 }, () => {
  it('a run tells the build what it would tell it here, and brings the list that later steps wait for', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    project.write('train_bad.py', 'raise SystemExit("no data")\n');
    await using agent = TestProject.empty();
    const server = project.start(['serve', '--port', '0'], { timeout_ms: 120_000 });
    try {
      const TRAINYARD_SERVER = await addressOf(server);
      const step = (name: string) => new GithubStep(agent, name);
      const env = (of: GithubStep) => ({ ...of.env, TRAINYARD_SERVER, RUNNER_TEMP: agent.folder });

      const run = step('run');
      const ended = await agent.ends(
        11,
        ['run', '--provider', 'simulated', '--circuits', 'kiln_*', ...FAILS],
        {
          env: env(run),
        },
      );
      const { training_jobs = '', ...outputs } = run.outputs;
      expect(outputs).toEqual({
        hasTrainingFailures: 'true',
        newEnvRegistered: 'true',
        run_number: '1',
        run_status: 'waiting',
        failed_count: '1',
        failed_circuits: '["kiln_2"]',
      });
      expect(training_jobs.startsWith(agent.folder)).toBe(true);
      expect(commandsOf(ended).map((c) => `${c.name} ${c.properties['title']}`)).toEqual([
        'error Run 1: 1 circuit failed',
        'warning Run 1 waits at gate training-retry',
        'warning Run 1 waits at gate registry-promotion',
      ]);
      expect(run.summary).toContain('## ‖ Run 1 waiting');
      expect(run.summary).not.toContain(project.folder);

      const wait = step('wait');
      await agent.ends(9, ['wait', training_jobs], { env: env(wait) });
      expect(wait.outputs).toMatchObject({ hasTrainingFailures: 'true', failed_circuits: '["kiln_2"]' });

      const scripts = step('scripts');
      await agent.ends(1, ['scripts'], { env: env(scripts) });
      expect(scripts.outputs).toMatchObject({ hasTrainingFailures: 'true', run_number: '2' });
      expect(JSON.parse(readFileSync(scripts.outputs['training_summary'] ?? '', 'utf8'))).toMatchObject({
        run: 2,
        status: 'failed',
      });
      expect(scripts.summary).toContain('## Training failed');

      const azure = await agent.ends(9, ['wait', training_jobs, '--json'], {
        env: { ...AZURE, TRAINYARD_SERVER, AGENT_TEMPDIRECTORY: agent.folder },
      });
      const commands = commandsOf(azure);
      expect(variablesIn(commands)).toMatchObject({ hasTrainingFailures: 'true', 'out.run_number': '1' });
      const page = commands.find((c) => c.name === 'task.uploadsummary')?.value ?? '';
      expect(page).toMatch(/trainyard-run-1\.md$/);
      expect(readFileSync(page, 'utf8')).toContain('Run 1 waiting');
      expect(azure.json()).toMatchObject({ exit_code: 9 });
    } finally {
      server.kill('SIGTERM');
      await server.ended;
    }
  });
});

describe('what a training prints', () => {
  const PRINTS = `
print('##vso[task.setvariable variable=a]b')
print('  ::set-output name=a::b')
print('epoch 1 ##[error]no', end='\\r')
print('::add-mask::kiln', end='')
sys.stdout.flush()
write_model()`;

  it('reaches no agent through the logs of its job, and everybody else as it was printed', async () => {
    await using project = TestProject.create({
      circuits: ['kiln_1'],
      provider: 'local',
      train: PRINTS,
      environment: false,
    });
    await project.ok(['run', '--approve', 'all']);
    const logs = ['jobs', 'logs', 'kiln_1_2026_03_31'];
    const plain = await project.ok(logs);
    expect(plain.stdout).toBe(
      'training kiln_1\n##vso[task.setvariable variable=a]b\n  ::set-output name=a::b\nepoch 1 ##[error]no\r::add-mask::kiln',
    );
    expect(commandsOf(plain)).toHaveLength(4);
    for (const env of [AZURE, { GITHUB_ACTIONS: 'true' }]) {
      const ended = await project.ok(logs, { env });
      expect(commandsOf(ended)).toEqual([]);
      expect(ended.stdout).toBe(
        'training kiln_1\n# #vso[task.setvariable variable=a]b\n  : :set-output name=a::b\nepoch 1 # #[error]no\r: :add-mask::kiln',
      );
      const document = await project.ok([...logs, '--json'], { env });
      expect(document.json()).toMatchObject({ text: plain.stdout });
      expect(commandsOf(document)).toEqual([]);
    }
  });

  it('reaches no agent through --verbose either, and the summary of the scripts is the page of the step', async () => {
    await using project = TestProject.empty();
    project.write('train_good.py', 'print("##vso[task.complete result=Failed]")\nprint("::error::x")\n');
    project.write('train_bad.py', 'raise ValueError("##vso[task.complete result=Failed]\\n::error::x")\n');
    const step = new GithubStep(project);
    const github = await project.ends(1, ['scripts', '--verbose'], { env: step.env });
    expect(github.stderr).toContain('[train_good] # #vso[task.complete result=Failed]');
    expect(commandsOf(github)).toMatchObject([{ name: 'error', properties: { title: 'train_bad failed' } }]);
    expect(step.outputs).toMatchObject({ hasTrainingFailures: 'true', run_status: 'failed' });
    expect(step.summary).toContain('## Training failed');
    expect(step.summary).toContain('| train\\_good | succeeded | 1 |');
    const azure = await project.ok(['scripts', '--allow-partial-success', '--json'], { env: AZURE });
    expect(azure.json()).toMatchObject({ status: 'succeeded', counts: { failed: 1 } });
    const commands = commandsOf(azure);
    expect(names(commands)).toEqual([
      'task.setvariable',
      'task.logissue',
      'task.uploadsummary',
      'task.complete',
    ]);
    expect(variablesIn(commands)).toMatchObject({ hasTrainingFailures: 'true' });
  });
});

describe('elsewhere', () => {
  it.each([
    ['on a desk', {}],
    ['in GitLab', { GITLAB_CI: 'true', CI: 'true' }],
    ['in a build of a kind that is not known', { CI: 'true' }],
  ])('%s a run tells no build anything', async (_, env) => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    const step = new GithubStep(project);
    const files = {
      GITHUB_OUTPUT: project.path('step-output'),
      GITHUB_STEP_SUMMARY: project.path('step-summary'),
    };
    const ended = await project.ok(['run', '--approve', 'all'], { env: { ...env, ...files } });
    expect(ended.stdout).toBe('');
    expect(commandsOf(ended)).toEqual([]);
    expect(step.outputs).toEqual({});
    expect(step.summary).toBe('');
    expect(project.list('.trainyard/runs/1')).toEqual(['artifacts']);
  });
});
