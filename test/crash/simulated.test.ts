import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptKey } from '../../src/jobs/index.ts';
import { ARTIFACTS, trainPipeline } from '../../src/pipelines/index.ts';
import { ledger } from '../../src/providers/simulated/index.ts';
import { EIGHT, TestProject } from '../helpers/project.ts';
import { runFacts } from '../helpers/run-facts.ts';
import type { RunFacts } from '../helpers/run-facts.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';

/** Both attempts of one circuit fail, so that a second attempt, the retry gate and a retry are on the way. */
const RUN = ['run', '--approve', 'all', '--fail', 'kiln_3:2'];
const RESUME = ['run', '--resume', '--fail', 'kiln_3:2'];

const times = (point: string, most: number): string[] => Array.from({ length: most }, (_, i) => `${point}:${i + 1}`);

/** Every named place with every pass of it on the way of the run above. */
const POINTS: readonly string[] = [
  ...trainPipeline.stages.flatMap(({ name }) => [`stage.start:${name}`, `stage.end:${name}`, `stage.written:${name}`]),
  'stage.end:MonitorTraining:2',
  'stage.written:MonitorTraining:2',
  'stage.written:RetryFailedTraining:2',
  'jobs.inserted',
  'retry.inserted',
  // Originals, second attempt, retry.
  ...times('submit.before', 3),
  ...times('submit.after', 3),
  ...times('register.before', 2),
  ...times('register.after', 2),
  'share.before',
  'share.after',
  ...times('artifact.written', 10),
  'approval.before:PromoteEnvironment',
  'approval.before:RetryFailedTraining',
  'approval.before:PromoteModels',
];

interface Outcome {
  readonly point: string;
  readonly first: Ended;
  readonly resumed: Ended | null;
  readonly facts: RunFacts | null;
  /** How often the provider started each attempt. */
  readonly started: readonly { readonly key: string; readonly started: number }[];
}

describe('a run on the simulated provider that is killed and resumed', () => {
  const outcomes = new Map<string, Outcome>();
  const used: TestProject[] = [];

  beforeAll(async () => {
    for (const outcome of await twoAtOnce(POINTS, (point) => crashAt(point, used))) outcomes.set(outcome.point, outcome);
  }, 180_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  it.each(POINTS)('goes on after SIGKILL at %s: nothing twice, nothing lost', (point) => {
    const outcome = outcomes.get(point);
    expect(outcome?.first.signal, `the run never came to ${point}:\n${outcome?.first.stderr}`).toBe('SIGKILL');
    expect(outcome?.resumed?.code, outcome?.resumed?.stderr).toBe(0);
    expect(outcome?.started.filter((entry) => entry.started !== 1)).toEqual([]);
    expect(outcome?.started.map((entry) => entry.key).toSorted()).toEqual(outcome?.facts?.attempts);
    expect(outcome?.facts).toEqual(WHOLE);
  });

  it('was killed at every place that the code names', () => {
    const named = sources().flatMap((text) => [...text.matchAll(/faultPoint\([`']([^`'$]+)/g)].map((match) => match[1] ?? ''));
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !POINTS.some((point) => point.startsWith(name)))).toEqual([]);
  });
});

const jobs = EIGHT.map((id) => `${id}_2026_03_31`);
const retry: unknown = expect.stringMatching(/^kiln_3_2026_03_31_retry_\d{8}_\d{6}$/);
const attempts = [...jobs.slice(0, 3), attemptKey('kiln_3_2026_03_31', 2), retry, ...jobs.slice(3)] as string[];
const models = EIGHT.map((id) => `${id.replace('_', '-')}:1`);

/** What the run leaves behind when nobody kills it, and when somebody does. */
const WHOLE: RunFacts = {
  runs: ['1 succeeded'],
  open_stages: [],
  stages: Object.fromEntries(trainPipeline.stages.map((s) => [s.name, 'succeeded'])),
  originals: Object.fromEntries(EIGHT.map((id) => [id, 1])),
  retries: ['kiln_3'],
  job_statuses: { succeeded: 8, failed: 1 },
  attempts,
  models: { dev: models, shared: models },
  jobs_without_one_version: [],
  damaged: [],
  approvals: ['PromoteEnvironment decided', 'PromoteModels decided', 'RetryFailedTraining decided'],
  votes: 3,
  children: { succeeded: 8 },
  artifacts: Object.keys(ARTIFACTS).toSorted(),
  repeated_events: [],
  event_counts: {
    'run.started': 1,
    'run.succeeded': 1,
    'training.started': 1,
    'training.retried': 1,
    'environment.registered': 1,
    'environment.shared': 1,
    'component.registered': 1,
    'approval.requested': 3,
    'model.registered': 8,
    'model.promoted': 8,
  },
  leftovers: [],
  holders: 0,
};

async function crashAt(point: string, used: TestProject[]): Promise<Outcome> {
  const project = TestProject.create({ max_retries: 1 });
  used.push(project);
  const first = await project.trainyard(RUN, { env: { TRAINYARD_FAULT: point } });
  if (first.signal !== 'SIGKILL') return { point, first, resumed: null, facts: null, started: [] };
  const resumed = await project.trainyard(RESUME);
  const run = await project.rows((store) => store.db.selectFrom('runs').select('id').where('parent_run_id', 'is', null).executeTakeFirstOrThrow());
  return { point, first, resumed, facts: await runFacts(project), started: await ledger(project.state, run.id) };
}

function sources(): string[] {
  const src = join(import.meta.dirname, '../../src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(src, file), 'utf8'));
}
