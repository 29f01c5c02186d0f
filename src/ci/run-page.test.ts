import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandsIn } from './test-agents.ts';
import { azureIssue, fewIssues } from './build-commands.ts';
import { runIssues } from './run-issues.ts';
import { runOutputs } from './run-outputs.ts';
import { LONGEST_PAGE, runPage } from './run-page.ts';
import { groupFailures } from './run-report.ts';
import type { Failure, RunReport } from './run-report.ts';

const failure = (i: number, more: Partial<Failure> = {}): Failure => {
  const message = more.message === undefined ? 'ValueError: Input X contains NaN.' : more.message;
  const cause = message ?? 'failed';
  return {
    circuit: `plant_${i}`,
    job: `plant_${i}_2026_01_31`,
    attempts: 1,
    message,
    cause,
    signature: cause,
    optional: false,
    ...more,
  };
};

const report = (more: Partial<RunReport> = {}): RunReport => ({
  number: 7,
  status: 'failed',
  reason: '2 circuits failed: plant_1, plant_2',
  pr: false,
  rehearsal: false,
  requested_by: 'ada@example.com',
  git_commit: '0123456789abcdef',
  took_s: 200,
  stages: [
    { name: 'RegisterEnvironment', status: 'succeeded', detail: '1 registered', took_s: 0.1 },
    { name: 'MonitorTraining', status: 'succeeded', detail: '6 succeeded, 2 failed', took_s: 180 },
    { name: 'PromoteModels', status: 'skipped', detail: 'blocked: 2 circuits failed again', took_s: null },
  ],
  jobs: { succeeded: 6, failed: 2, canceled: 0 },
  has_training_failures: true,
  new_env_registered: true,
  accepted: false,
  failures: [failure(1), failure(2)],
  approvals: [
    {
      id: 'apr_1',
      gate: 'training-retry',
      title: 'Train 2 failed circuits again',
      expires_at: '2026-02-01T10:20:30.000Z',
    },
  ],
  artifacts: [
    { name: 'training_jobs', size: 4429, path: '/p/.trainyard/runs/7/artifacts/training_jobs.json' },
  ],
  next: { command: 'trainyard runs accept-partial 7', purpose: 'promotes the models that succeeded' },
  ...more,
});

describe('the summary page', () => {
  it('says how the run stands, what to type, what failed and why, and which files there are', () => {
    expect(runPage([report()])).toBe(`## ✗ Run 7 failed

2 circuits failed: plant\\_1, plant\\_2

jobs: 6 succeeded, 2 failed · took 3 min 20 s · by ada@\u200Bexample.com · commit \`0123456789\`

Next: \`trainyard runs accept-partial 7\` promotes the models that succeeded

### Waits for a decision

- Train 2 failed circuits again (gate \`training-retry\`, until 2026-02-01 10:20 UTC): \`trainyard approve apr_1\` or \`trainyard reject apr_1\`

### Why they failed

| circuits | cause | for example |
| --: | --- | --- |
| 2 | ValueError: Input X contains NaN. | \`trainyard jobs logs plant_1_2026_01_31\` |

### Stages

| stage | status | took |  |
| --- | --- | --: | --- |
| RegisterEnvironment | ✓ succeeded | 0.1 s | 1 registered |
| MonitorTraining | ✓ succeeded | 3 min 00 s | 6 succeeded, 2 failed |
| PromoteModels | – skipped |  | blocked: 2 circuits failed again |

### Artifacts

| file | bytes | to download |
| --- | --: | --- |
| \`training_jobs.json\` | 4429 | \`trainyard artifacts download 7 training_jobs\` |

### Failed circuits

| circuit | attempts | message | log |
| --- | --: | --- | --- |
| \`plant_1\` | 1 | ValueError: Input X contains NaN. | \`trainyard jobs logs plant_1_2026_01_31\` |
| \`plant_2\` | 1 | ValueError: Input X contains NaN. | \`trainyard jobs logs plant_2_2026_01_31\` |
`);
  });

  it('is cut at a whole row, with the command that shows all, for ten thousand failures', () => {
    const failures = Array.from({ length: 10_000 }, (_, i) =>
      failure(i, { message: `KeyError: 'column_${i}' ${'|<x>'.repeat(100)}` }),
    );
    const text = runPage([report({ failures, jobs: { failed: 10_000 } })]);
    expect(text.length).toBeLessThanOrEqual(LONGEST_PAGE);
    expect(text.length).toBeGreaterThan(LONGEST_PAGE - 2000);
    const lines = text.trimEnd().split('\n');
    const rows = lines.filter((line) => line.startsWith('| `plant_'));
    expect(rows.every((line) => line.endsWith('_2026_01_31` |'))).toBe(true);
    expect(lines.at(-1)).toBe(
      `… and ${10_000 - rows.length} more failed circuits: \`trainyard jobs list --run 7 --status failed\``,
    );
    expect(text).toContain('… and 9970 more causes: ');
    expect(text).toContain('### Artifacts');
  });

  it('links to the run where there is a place for it on the web', () => {
    const failures = Array.from({ length: 2000 }, (_, i) => failure(i));
    const text = runPage([report({ failures })], { base_url: 'https://trainyard.example.com/' });
    expect(text).toContain('## ✗ [Run 7](https://trainyard.example.com/runs/7) failed');
    expect(text).toMatch(/more failed circuits: \[run 7\]\(https:\/\/trainyard\.example\.com\/runs\/7\)\n$/);
  });

  it('shows the newest of several runs first, and no more than five', () => {
    const text = runPage(Array.from({ length: 8 }, (_, i) => report({ number: i + 1 })));
    expect([...text.matchAll(/^## ✗ Run (\d+)/gm)].map(([, n]) => n)).toEqual(['8', '7', '6', '5', '4']);
    expect(text).toContain('… and 3 more runs: `trainyard runs`');
  });

  it('is never longer than it may be, whatever stands in it', () => {
    const long = fc.string({ unit: 'binary', maxLength: 60 }).map((s) => s.repeat(100));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(long, long, long, fc.nat({ max: 400 })), { minLength: 1, maxLength: 7 }),
        fc.constantFrom(LONGEST_PAGE, 20_000),
        (shapes, limit) => {
          const reports = shapes.map(([message, name, title, n], number) =>
            report({
              number,
              reason: message,
              requested_by: name,
              stages: Array.from({ length: 9 }, () => ({ name, status: name, detail: message, took_s: 1 })),
              failures: Array.from({ length: n }, (_, i) => failure(i, { message: message + String(i) })),
              approvals: Array.from({ length: 100 }, () => ({
                id: 'apr_1',
                gate: name,
                title,
                expires_at: '',
              })),
            }),
          );
          expect(runPage(reports, { limit }).length).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('the issues of a run', () => {
  it('are one for each cause, stage and request, worst first', () => {
    const issues = runIssues(
      report({
        stages: [{ name: 'RegisterModels', status: 'failed', detail: 'the counts do not add up', took_s: 1 }],
        failures: [failure(1), failure(2), failure(3, { message: null }), failure(4, { optional: true })],
      }),
    );
    expect(issues.map(({ kind, title, message }) => `${kind} ${title}: ${message}`)).toEqual([
      'error Run 7: RegisterModels failed: the counts do not add up',
      'error Run 7: 2 circuits failed: ValueError: Input X contains NaN. (plant_1, plant_2)',
      'error Run 7: 1 circuit failed: failed (plant_3)',
      'warning Run 7 waits at gate training-retry: Train 2 failed circuits again: trainyard approve apr_1',
      'warning Run 7: 1 optional circuit failed: ValueError: Input X contains NaN. (plant_4)',
    ]);
  });

  it('are warnings once somebody lets the run do without', () => {
    const issues = runIssues(report({ accepted: true, status: 'succeeded', approvals: [] }));
    expect(issues).toMatchObject([{ kind: 'warning', title: 'Run 7: 2 circuits failed, accepted' }]);
  });

  it('are few for ten thousand circuits that all fail in their own way', () => {
    const failures = Array.from({ length: 10_000 }, (_, i) => failure(i, { message: `error ${i}` }));
    const lines = fewIssues(runIssues(report({ failures }))).map(azureIssue);
    expect(lines).toHaveLength(11);
    expect(commandsIn(lines.join('\n'))).toHaveLength(11);
  });
});

describe('the outputs of a step', () => {
  it('are those that later steps ask for, as existing pipelines spell them', () => {
    expect(Object.fromEntries(runOutputs([report()]).map(({ name, value }) => [name, value]))).toEqual({
      hasTrainingFailures: 'true',
      newEnvRegistered: 'true',
      run_number: '7',
      run_status: 'failed',
      failed_count: '2',
      failed_circuits: '["plant_1","plant_2"]',
      training_jobs: '/p/.trainyard/runs/7/artifacts/training_jobs.json',
    });
  });

  it('tell of the newest run, and of what is true for any', () => {
    const good = report({
      number: 8,
      status: 'succeeded',
      has_training_failures: false,
      new_env_registered: false,
      failures: [],
      artifacts: [],
    });
    const told = Object.fromEntries(runOutputs([report(), good]).map(({ name, value }) => [name, value]));
    expect(told).toMatchObject({
      hasTrainingFailures: 'true',
      newEnvRegistered: 'true',
      run_number: '8',
      run_status: 'succeeded',
      failed_circuits: '["plant_1","plant_2"]',
      training_jobs: '',
    });
  });

  it('name no more circuits than a matrix takes, and say how many there are', () => {
    const failures = Array.from({ length: 10_000 }, (_, i) => failure(i));
    const told = Object.fromEntries(
      runOutputs([report({ failures })]).map(({ name, value }) => [name, value]),
    );
    expect(JSON.parse(told['failed_circuits'] ?? '')).toHaveLength(256);
    expect(told['failed_count']).toBe('10000');
  });
});

describe('failures', () => {
  it('that say the same are one group, the largest first', () => {
    const groups = groupFailures([
      failure(1, { message: 'a' }),
      failure(2),
      failure(3),
      failure(4, { message: null }),
    ]);
    expect(groups.map((g) => [g.cause, g.failures.length])).toEqual([
      ['ValueError: Input X contains NaN.', 2],
      ['a', 1],
      ['failed', 1],
    ]);
  });
});
