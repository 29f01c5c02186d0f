import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARTIFACTS } from '../../src/pipelines/index.ts';
import { TestProject } from '../helpers/project.ts';
import { runFacts } from '../helpers/run-facts.ts';
import type { RunFacts } from '../helpers/run-facts.ts';
import { startsOf } from '../helpers/starts.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';

const CIRCUITS = ['kiln_1', 'kiln_2', 'kiln_3', 'kiln_4'];

/** The original job of one circuit fails, its retry does not. */
const TRAIN = `
time.sleep(0.25)
mark = os.path.join(root, 'failed-once')
if circuit == 'kiln_3' and not os.path.exists(mark):
    open(mark, 'w').close()
    sys.exit('the sensor is silent')
write_model()`;

const POINTS = [
  'submit.before',
  'submit.after',
  // Jobs run: the first look at them is over, and then it is written down.
  'stage.end:MonitorTraining',
  'stage.written:MonitorTraining',
  // The retry is handed over and runs.
  'submit.after:2',
  'stage.written:RetryFailedTraining',
];
/** Milliseconds after the run began; any would do, these are the same every time. */
const MOMENTS = [40, 190, 330, 520];

interface Outcome {
  readonly first: Ended;
  readonly resumed: Ended;
  readonly facts: RunFacts;
  readonly starts: Readonly<Record<string, number>>;
  readonly left: readonly number[];
}

describe('a run on this machine that is killed while jobs run', () => {
  const outcomes = new Map<string | number, Outcome>();
  const used: TestProject[] = [];

  beforeAll(async () => {
    await twoAtOnce([...POINTS, ...MOMENTS], async (at) => void outcomes.set(at, await crashAt(at, used)));
  }, 600_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  const check = (at: string | number): void => {
    const outcome = outcomes.get(at);
    expect(outcome?.first.signal, outcome?.first.stderr).toBe('SIGKILL');
    expect(outcome?.resumed.code, outcome?.resumed.stderr).toBe(0);
    expect(Object.entries(outcome?.starts ?? {}).filter(([, n]) => n !== 1)).toEqual([]);
    expect(Object.keys(outcome?.starts ?? {}).toSorted()).toEqual(outcome?.facts.attempts);
    expect(outcome?.facts).toMatchObject(WHOLE);
    expect(outcome?.left, 'processes left').toEqual([]);
  };
  it.each(POINTS)('goes on after SIGKILL at %s: every job started once, no process left', check);
  it.each(MOMENTS)(
    'goes on after SIGKILL %i ms into the run: every job started once, no process left',
    check,
  );
});

const models = CIRCUITS.map((id) => `${id.replace('_', '-')}:1`);
const WHOLE: Partial<RunFacts> = {
  runs: ['1 succeeded'],
  open_stages: [],
  originals: Object.fromEntries(CIRCUITS.map((id) => [id, 1])),
  retries: ['kiln_3'],
  job_statuses: { succeeded: 4, failed: 1 },
  models: { dev: models, shared: models },
  jobs_without_one_version: [],
  damaged: [],
  artifacts: Object.keys(ARTIFACTS).toSorted(),
  repeated_events: [],
  holders: 0,
};

async function crashAt(at: string | number, used: TestProject[]): Promise<Outcome> {
  const project = TestProject.create({ circuits: CIRCUITS, provider: 'local', train: TRAIN });
  used.push(project);
  const running = project.start(
    ['run', '--approve', 'all'],
    typeof at === 'string' ? { env: { TRAINYARD_FAULT: at } } : {},
  );
  if (typeof at === 'number') {
    await running.says(/Run 1 started/);
    setTimeout(() => running.kill('SIGKILL'), at);
  }
  const first = await running.ended;
  const resumed = await project.trainyard(['run', '--resume']);
  return {
    first,
    resumed,
    facts: await runFacts(project),
    starts: startsOf(project.state),
    left: await project.settled(),
  };
}
