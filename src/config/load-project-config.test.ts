import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, type Problem, UsageError } from '../kernel/errors.ts';
import { loadProjectConfig, parseProjectConfig } from './load-project-config.ts';

const problemsOf = (source: string, env: Record<string, string> = {}): readonly Problem[] => {
  try {
    parseProjectConfig(source, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('was read without complaint');
};

const GATE = {
  approvers: [],
  required: 1,
  expires_s: 2_592_000,
  on_expiry: 'hold',
  remind_every_s: 86_400,
  requester_may_approve: true,
  verified: false,
};

const DEFAULTS = {
  circuits: 'config/circuits.yaml',
  component: 'components/training-pipeline-component.yaml',
  environments: 'components/environments/*.yaml',
  provider: 'local',
  providers: {
    local: { max_workers: 'auto', environment: 'ambient' },
    simulated: {
      duration_s: 30,
      duration_spread: 0.2,
      queue_s: 2,
      prepare_s: 3,
      fail_rate: 0,
      fail: [],
      speed: 1000,
      max_parallel: null,
      seed: 1,
    },
    azureml: {},
    kubernetes: {},
    ray: {},
    mlflow: {},
  },
  registry: { dev: 'embedded', shared: 'embedded' },
  detection: 'auto',
  max_changed: 0.3,
  monitoring: {
    poll_interval_s: 30,
    max_poll_interval_s: 300,
    max_wait_s: 10_800,
    stage_limit_s: 172_800,
    log_level: 'info',
  },
  retry: { max_retries: 0, timeout_s: 3600 },
  propagation: { initial_delay_s: 2, max_delay_s: 30, max_wait_s: 120 },
  quality: [],
  gates: {
    'training-retry': { ...GATE, expires_s: 14_400, on_expiry: 'skip', remind_every_s: 3600 },
    'registry-promotion': GATE,
    'test-deployment': GATE,
    'prod-deployment': { ...GATE, required: 2, requester_may_approve: false, verified: true },
  },
  groups: {},
  notifications: { channels: {}, routes: [], smtp: null, base_url: null, long_running_alert_every_s: 14_400 },
  deployment: {},
  schedules: {},
  hooks: {},
  retention: { models_s: 2_592_000, logs_s: 1_209_600, runs_s: null },
  scripts: {},
  server: {
    host: '127.0.0.1',
    port: 8787,
    public_url: null,
    trusted_proxies: [],
    require_sign_in: false,
    oidc: null,
    roles: { viewer: [], operator: [], approver: [], admin: [] },
  },
  manual_circuits: null,
};

describe('parseProjectConfig', () => {
  it.each(['', '# nothing yet\n', 'monitoring:\ngates:\nproviders:\n  local:\n', '{}'])(
    'gives every default for %j',
    (source) => {
      expect(parseProjectConfig(source, {})).toEqual(DEFAULTS);
    },
  );

  it('reads the file as it is documented, which says the same as nothing', () => {
    const documented = `circuits: config/circuits.yaml
component: components/training-pipeline-component.yaml
environments: components/environments/*.yaml
provider: local                  # local | simulated | azureml | kubernetes | ray
providers:
  local: {max_workers: auto, environment: ambient}   # ambient | managed
  simulated: {duration: 30s, fail_rate: 0}
registry: {dev: embedded, shared: embedded}
detection: auto                  # auto | git | hash
max_changed: 30%
monitoring: {poll_interval: 30s, max_poll_interval: 5m, max_wait: 3h, stage_limit: 48h, log_level: info}
retry: {max_retries: 0, timeout: 1h}
propagation: {initial_delay: 2s, max_delay: 30s, max_wait: 120s}
quality: []
gates:
  training-retry:     {approvers: [], required: 1, expires: 4h, on_expiry: skip}
  registry-promotion: {approvers: [], required: 1, expires: 30d, on_expiry: hold}
  test-deployment:    {approvers: [], required: 1, expires: 30d, on_expiry: hold}
  prod-deployment:    {approvers: [], required: 2, expires: 30d, on_expiry: hold, requester_may_approve: false, verified: true}
notifications: {channels: {}, routes: [], long_running_alert_every: 4h}
deployment: {}
schedules: {}
hooks: {}
retention: {models: 30d, logs: 14d}
scripts: {}
server: {host: 127.0.0.1, port: 8787, require_sign_in: false}
`;
    expect(parseProjectConfig(documented, {})).toEqual(DEFAULTS);
  });

  it('reads limits on metrics', () => {
    expect(
      parseProjectConfig('quality: [mae <= 10, "val/r2>0.9", loss < 1e-3, mean error != -2.5]', {}).quality,
    ).toEqual([
      { metric: 'mae', op: '<=', limit: 10, text: 'mae <= 10' },
      { metric: 'val/r2', op: '>', limit: 0.9, text: 'val/r2>0.9' },
      { metric: 'loss', op: '<', limit: 0.001, text: 'loss < 1e-3' },
      { metric: 'mean error', op: '!=', limit: -2.5, text: 'mean error != -2.5' },
    ]);
  });

  it('refuses a gate whose name is a slip of the pen, and one that nobody could pass', () => {
    const problemsOf = (text: string): unknown => {
      try {
        return parseProjectConfig(text, {});
      } catch (error) {
        return error instanceof ConfigError ? error.problems : error;
      }
    };
    expect(problemsOf('gates:\n  registry-promtion: {approvers: [ada]}\n')).toMatchObject([
      { line: 2, hint: 'Did you mean registry-promotion?' },
    ]);
    expect(problemsOf('gates:\n  registry-promotion: {approvers: [ada, ada], required: 2}\n')).toMatchObject([
      { line: 2, message: '2 must approve, and only 1 may' },
    ]);
  });

  it('takes groups as approvers, and knows how many people they are', () => {
    const groups = 'groups: {leads: [ada@x, bo@x], ops: [BO@x]}\n';
    const { gates } = parseProjectConfig(
      `${groups}gates:\n  training-retry: {approvers: ['@leads', cy@x], required: 3, remind_every: never}\n`,
      {},
    );
    expect(gates['training-retry']).toMatchObject({ approvers: ['@leads', 'cy@x'], remind_every_s: null });
    expect(() =>
      parseProjectConfig(
        `${groups}gates:\n  training-retry: {approvers: ['@leads', '@ops'], required: 3}\n  registry-promotion: {approvers: ['@leeds']}\n`,
        {},
      ),
    ).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ line: 3, message: '3 must approve, and only 2 may' }),
          expect.objectContaining({
            line: 4,
            message: 'there is no group leeds',
            hint: expect.stringContaining('leads') as unknown,
          }),
        ],
      }),
    );
  });

  it('refuses a group in a group', () => {
    expect(problemsOf("groups: {leads: [ada@x], all: ['@leads', bo@x]}\n")).toMatchObject([
      { line: 1, message: 'a group cannot be in a group', hint: expect.stringContaining('@leads') },
    ]);
  });

  it('keeps the other defaults of a gate that is changed in part, and takes gates of any name', () => {
    const { gates } = parseProjectConfig(
      'gates:\n  prod-deployment: {required: 3, approvers: [ada, bo, cy]}\n  night-shift: {expires: 90m}\n',
      {},
    );
    expect(gates['prod-deployment']).toEqual({
      ...DEFAULTS.gates['prod-deployment'],
      required: 3,
      approvers: ['ada', 'bo', 'cy'],
    });
    expect(gates['night-shift']).toEqual({ ...GATE, expires_s: 5400 });
    expect(gates['training-retry']).toEqual(DEFAULTS.gates['training-retry']);
  });

  it('takes a share as percent or as fraction', () => {
    expect(
      ['5%', '12.5 %', '0.25', '1', '0'].map(
        (text) => parseProjectConfig(`max_changed: ${text}`, {}).max_changed,
      ),
    ).toEqual([0.05, 0.125, 0.25, 1, 0]);
  });

  it('takes whole floats for numbers', () => {
    expect(
      parseProjectConfig('providers: {simulated: {speed: 1.0, fail_rate: 1.0}}', {}).providers.simulated,
    ).toMatchObject({ speed: 1, fail_rate: 1 });
  });

  it('never polls more slowly than asked because of the default limit', () => {
    expect(parseProjectConfig('monitoring: {poll_interval: 10m}', {}).monitoring).toMatchObject({
      poll_interval_s: 600,
      max_poll_interval_s: 600,
    });
  });

  it('reports every mistake with its place', () => {
    const problems = problemsOf(`monitorng: {}
monitoring:
  poll_interval: 30
  max_wiat: 3h
max_changed: 30
provider: locl
quality: [mae <, {a: 1}]
gates:
  prod-deployment: {required: 0, aprovers: []}
  my-gate: {on_expiry: ignore}
retry: 3
providers: {local: {max_workers: 0}, simulated: {speed: fast, fail: x}}
retention: {logs: 3 weeks}
`);
    expect(
      problems.map((p) => `${p.file}:${p.line}:${p.column} ${p.path}: ${p.message} -> ${p.hint}`),
    ).toEqual([
      'trainyard.yaml:1:1 monitorng: unknown key `monitorng` -> Did you mean monitoring?',
      'trainyard.yaml:3:18 monitoring.poll_interval: must be a duration, is `30` -> Write a unit: 30s, 30m or 30h.',
      'trainyard.yaml:4:3 monitoring.max_wiat: unknown key `max_wiat` -> Did you mean max_wait?',
      'trainyard.yaml:5:14 max_changed: must be a share from 0% to 100%, is `30` -> Write 30%.',
      'trainyard.yaml:6:11 provider: must be one of local, simulated, azureml, kubernetes, ray, is `locl` -> Did you mean local?',
      'trainyard.yaml:7:11 quality[0]: must be a limit on a metric, is `mae <` -> Write metric, comparison and number, for example: mae <= 10.',
      'trainyard.yaml:7:18 quality[1]: must be a limit on a metric, is a map -> Write metric, comparison and number, for example: mae <= 10.',
      'trainyard.yaml:9:31 gates.prod-deployment.required: must be at least 1, is `0` -> Write a larger number.',
      'trainyard.yaml:9:34 gates.prod-deployment.aprovers: unknown key `aprovers` -> Did you mean approvers?',
      'trainyard.yaml:10:24 gates.my-gate.on_expiry: must be one of skip, hold, is `ignore` -> Write skip or hold.',
      'trainyard.yaml:11:8 retry: must be a map, is a number -> Write key: value pairs.',
      'trainyard.yaml:12:34 providers.local.max_workers: must be auto or a whole number from 1, is `0` -> Write auto or a number such as 4.',
      'trainyard.yaml:12:57 providers.simulated.speed: must be a number, is text -> Write a number, without quotes.',
      'trainyard.yaml:12:69 providers.simulated.fail: must be a list, is text -> Write a list: [x].',
      'trainyard.yaml:13:19 retention.logs: must be a duration, is `3 weeks` -> Write a number and a unit, for example 30s, 5m, 4h or 30d.',
    ]);
  });

  it.each(['- a', 'text', '42'])('refuses a file that is no map: %j', (source) => {
    expect(problemsOf(source)[0]?.message).toMatch(/must be a map of settings/);
  });
});

describe('the environment variables of parseProjectConfig', () => {
  it('win over the file', () => {
    const config = parseProjectConfig(
      'monitoring: {max_wait: 1h, stage_limit: 9h}\nregistry: {shared: other}',
      {
        monitoringMaxWaitHours: '2.5',
        monitoringPollIntervalSeconds: '45',
        monitoringLogLevel: 'DEBUG',
        longRunningJobNotificationIntervalHours: '6',
        registryName: 'ml-registry',
        registryPropagationMaxWaitSeconds: '300',
        manualCircuits: 'flottec_2110,flottec_2130',
      },
    );
    expect(config.monitoring).toMatchObject({
      max_wait_s: 9000,
      poll_interval_s: 45,
      log_level: 'debug',
      stage_limit_s: 32_400,
    });
    expect(config.notifications.long_running_alert_every_s).toBe(21_600);
    expect(config.registry).toEqual({ dev: 'embedded', shared: 'ml-registry' });
    expect(config.propagation.max_wait_s).toBe(300);
    expect(config.manual_circuits).toBe('flottec_2110,flottec_2130');
  });

  it.each(['MONITORINGMAXWAITHOURS', 'MONITORING_MAX_WAIT_HOURS'])('are known in capitals: %s', (name) => {
    expect(parseProjectConfig('', { [name]: '1' }).monitoring.max_wait_s).toBe(3600);
  });

  it.each(['', '  ', '$(monitoringMaxWaitHours)'])('count as absent when they say %j', (value) => {
    expect(parseProjectConfig('', { monitoringMaxWaitHours: value }).monitoring.max_wait_s).toBe(10_800);
  });

  it('leave a webhook in its variable', () => {
    const { channels } = parseProjectConfig('', {
      TEAMSWEBHOOKURL: 'https://example.com/secret',
      mlEngineersEmail: 'a@example.com, b@example.com',
    }).notifications;
    expect(channels).toEqual({
      teams: { type: 'teams', url: '${env:TEAMSWEBHOOKURL}' },
      ml_engineers: { type: 'email', to: ['a@example.com', 'b@example.com'] },
    });
    expect(JSON.stringify(channels)).not.toContain('secret');
  });

  it.each([
    ['monitoringMaxWaitHours', 'three', /number of hours/],
    ['MONITORINGPOLLINTERVALSECONDS', '0', /number of seconds above 0/],
    ['monitoringLogLevel', 'loud', /DEBUG, INFO, WARNING or ERROR/],
    ['mlEngineersEmail', 'nobody', /e-mail address/],
    ['teamsWebhookUrl', 'ftp://secret', /https/],
  ])('name themselves when they are wrong: %s', (name, value, message) => {
    const [problem, ...more] = problemsOf('', { [name]: value });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path: name, message: expect.stringMatching(message) });
    expect(problem?.message).toContain(name);
    expect(JSON.stringify(problem)).not.toContain('ftp://secret');
  });

  it('are reported together with mistakes of the file', () => {
    expect(problemsOf('nope: 1', { monitoringMaxWaitHours: 'x' }).map((p) => p.path)).toEqual([
      'nope',
      'monitoringMaxWaitHours',
    ]);
  });
});

describe('loadProjectConfig', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('works without a file', async () => {
    expect(await loadProjectConfig(folder, {})).toEqual(DEFAULTS);
  });

  it('reads trainyard.yaml of the folder', async () => {
    await writeFile(join(folder, 'trainyard.yaml'), 'provider: simulated\n');
    expect((await loadProjectConfig(folder, {})).provider).toBe('simulated');
  });

  it('does not pass over a file with the wrong ending', async () => {
    await writeFile(join(folder, 'trainyard.yml'), 'provider: simulated\n');
    await expect(loadProjectConfig(folder, {})).rejects.toThrow(UsageError);
  });
});
