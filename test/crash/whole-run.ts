/** A run that passes every stage, and what everybody's books say of it when it is over, crashed or not. */
import { expect } from 'vitest';
import { attemptKey } from '../../src/jobs/index.ts';
import { ARTIFACTS, trainPipeline } from '../../src/pipelines/index.ts';
import { ledger } from '../../src/providers/simulated/index.ts';
import { EIGHT } from '../helpers/project.ts';
import type { TestProject } from '../helpers/project.ts';
import { runFacts } from '../helpers/run-facts.ts';
import type { RunFacts } from '../helpers/run-facts.ts';

/** Both attempts of one circuit fail, so that a second attempt, the retry gate and a retry are on the way. */
export const RUN = ['run', '--approve', 'all', '--fail', 'kiln_3:2'];
export const RESUME = ['run', '--resume'];

export interface Books {
  readonly facts: RunFacts;
  /** How often the provider started each attempt, by its own ledger. */
  readonly started: readonly { readonly key: string; readonly started: number }[];
}

export async function books(project: TestProject): Promise<Books> {
  const run = await project.rows((store) =>
    store.db.selectFrom('runs').select('id').where('parent_run_id', 'is', null).executeTakeFirstOrThrow(),
  );
  return { facts: await runFacts(project), started: await ledger(project.state, run.id) };
}

const jobs = EIGHT.map((id) => `${id}_2026_03_31`);
const retry: unknown = expect.stringMatching(/^kiln_3_2026_03_31_retry_\d{8}_\d{6}$/);
const attempts = [
  ...jobs.slice(0, 3),
  attemptKey('kiln_3_2026_03_31', 2),
  retry,
  ...jobs.slice(3),
] as string[];
const models = EIGHT.map((id) => `${id.replace('_', '-')}:1`);

/** What the run leaves behind when nobody kills it, and when somebody does. */
export const WHOLE: RunFacts = {
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
  audit: 'whole',
};

const times = (point: string, most: number): string[] =>
  Array.from({ length: most }, (_, i) => `${point}:${i + 1}`);

/** Every named place with every pass of it on the way of this run. */
export const POINTS: readonly string[] = [
  ...trainPipeline.stages.flatMap(({ name }) => [
    `stage.start:${name}`,
    `stage.end:${name}`,
    `stage.written:${name}`,
  ]),
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

/** On the way of a cancel; `cancel.test.ts` goes it. */
export const CANCEL_POINTS = ['cancel.before', 'cancel.after'];
