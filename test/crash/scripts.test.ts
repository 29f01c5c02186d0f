import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/store/index.ts';
import { TrainingSummary } from '../../src/scripts/index.ts';
import { TestProject } from '../helpers/project.ts';
import { startsOf } from '../helpers/starts.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';

const RUN = ['scripts', '--parallel', '--max-workers', '2', '--retries', '1'];

/** Notes that it trained to its end; the second of them fails in its first attempt. */
const script = (id: string, fails: boolean): string => `
import os, sys, time
time.sleep(0.05)
if ${fails ? 'True' : 'False'} and not os.path.exists('failed'):
    open('failed', 'w').close()
    sys.exit('the first attempt fails')
with open('done.txt', 'a') as f:
    f.write('${id}\\n')
`;

const POINTS = [
  ...['SubmitScripts', 'MonitorScripts'].flatMap((stage) => [
    `stage.start:${stage}`,
    `stage.end:${stage}`,
    `stage.written:${stage}`,
  ]),
  'jobs.inserted',
  'submit.before',
  'submit.after',
  // The second attempt of the one that fails.
  'submit.before:2',
  'submit.after:2',
  'stage.end:MonitorScripts:2',
];

interface Outcome {
  readonly first: Ended;
  readonly resumed: Ended;
  /** What the scripts themselves noted. */
  readonly done: readonly string[];
  /** Scripts by their jobs that succeeded, over all runs. */
  readonly succeeded: readonly string[];
  readonly statuses: Readonly<Record<string, string>>;
  readonly starts: Readonly<Record<string, number>>;
  readonly open: number;
  readonly audit: boolean;
  readonly left: readonly number[];
}

describe('a run of scripts that is killed and resumed', () => {
  const outcomes = new Map<string, Outcome>();
  const used: TestProject[] = [];
  beforeAll(async () => {
    await twoAtOnce(POINTS, async (point) => void outcomes.set(point, await crashAt(point, used)));
  }, 600_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  it.each(POINTS)(
    'goes on after SIGKILL at %s: every script is trained, no attempt starts twice, no process stays',
    (point) => {
      const outcome = outcomes.get(point);
      expect(outcome?.first.signal, outcome?.first.stderr).toBe('SIGKILL');
      expect(outcome?.resumed.code, outcome?.resumed.stderr).toBe(0);
      expect(Object.keys(outcome?.statuses ?? {}).toSorted()).toEqual(['train_a', 'train_b', 'train_c']);
      for (const status of Object.values(outcome?.statuses ?? {}))
        expect(status).toMatch(/^(?:succeeded|resumed)$/);
      // One that had succeeded when the process died is not trained again.
      expect(outcome?.succeeded.toSorted()).toEqual(['train_a', 'train_b', 'train_c']);
      expect([...new Set(outcome?.done)].toSorted()).toEqual(['train_a', 'train_b', 'train_c']);
      expect(Object.values(outcome?.starts ?? {}).filter((n) => n !== 1)).toEqual([]);
      expect(outcome).toMatchObject({ open: 0, audit: true, left: [] });
    },
  );
});

async function crashAt(point: string, used: TestProject[]): Promise<Outcome> {
  const project = TestProject.empty();
  used.push(project);
  for (const id of ['train_a', 'train_b', 'train_c']) project.write(`${id}.py`, script(id, id === 'train_b'));
  const first = await project.trainyard(RUN, { env: { TRAINYARD_FAULT: point } });
  const resumed = await project.trainyard([...RUN, '--resume']);
  const newest = project.list('summaries').findLast((name) => name.endsWith('.json')) ?? '';
  const summary = TrainingSummary.parse(JSON.parse(project.read(`summaries/${newest}`)));
  return {
    first,
    resumed,
    done: project.read('done.txt').trim().split('\n'),
    statuses: Object.fromEntries(summary.jobs.map((job) => [job.id, job.status])),
    starts: startsOf(project.state),
    ...(await project.rows(async ({ db }) => ({
      succeeded: (
        await db.selectFrom('jobs').select('circuit_id').where('status', '=', 'succeeded').execute()
      ).map((j) => j.circuit_id),
      open: (await db.selectFrom('runs').select('id').where('ended_at', 'is', null).execute()).length,
      audit: (await verifyAudit(db)).ok,
    }))),
    left: await project.settled(),
  };
}
