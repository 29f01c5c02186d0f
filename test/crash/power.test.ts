import { copyFileSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeExists } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';
import { POINTS, RESUME, RUN, WHOLE, books } from './whole-run.ts';
import type { Books } from './whole-run.ts';

interface Outcome {
  readonly first: Ended;
  /** What the power cut took. */
  readonly lost: string | null;
  readonly resumed: Ended | null;
  readonly books: Books | null;
}

/** The newest file below a folder goes, as one that never reached the disk. */
const NEWEST_FILE: readonly (readonly [point: string, folder: string])[] = [
  ['register.after', 'registries/dev/objects'],
  ['register.after:2', 'registries/dev/objects'],
  ['share.after', 'registries/shared/objects'],
  ...['RegisterModels', 'MonitorTraining:2', 'RetryFailedTraining:2', 'PromoteModels', 'SubmitTraining'].map(
    (stage) => [`stage.end:${stage}`, 'runs/1/artifacts'] as const,
  ),
];

describe('a power cut', () => {
  const outcomes = new Map<string, Outcome>();
  const used: TestProject[] = [];
  const check = (name: string): void => {
    const outcome = outcomes.get(name);
    expect(outcome?.first.signal, `the run never came to ${name}:\n${outcome?.first.stderr}`).toBe('SIGKILL');
    expect(outcome?.lost, 'nothing was lost').not.toBeNull();
    expect(outcome?.resumed?.code, outcome?.resumed?.stderr).toBe(0);
    expect(outcome?.books?.started.filter((entry) => entry.started !== 1)).toEqual([]);
    expect(outcome?.books?.started.map((entry) => entry.key).toSorted()).toEqual(
      outcome?.books?.facts?.attempts,
    );
    expect(outcome?.books?.facts).toEqual(WHOLE);
  };

  beforeAll(async () => {
    await twoAtOnce(POINTS, async (point) => {
      outcomes.set(point, await cut(used, `power:${point}`, (project) => loseTransaction(project)));
    });
    await twoAtOnce(NEWEST_FILE, async ([point, folder]) => {
      outcomes.set(`file ${point}`, await cut(used, point, (project) => loseNewestFile(project, folder)));
    });
  }, 600_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  it.each(POINTS)('at %s that loses the last transaction: nothing twice, nothing lost in the end', check);
  it.each(NEWEST_FILE)(
    'at %s that keeps the row and loses the newest file below %s: it is there again',
    (point) => check(`file ${point}`),
  );
});

async function cut(
  used: TestProject[],
  fault: string,
  lose: (project: TestProject) => string | null,
): Promise<Outcome> {
  const project = TestProject.create({ max_retries: 1 });
  used.push(project);
  const first = await project.trainyard(RUN, { env: { TRAINYARD_FAULT: fault } });
  if (first.signal !== 'SIGKILL') return { first, lost: null, resumed: null, books: null };
  const lost = lose(project);
  const resumed = await project.trainyard((await wasBegun(project)) ? RESUME : RUN);
  return { first, lost, resumed, books: await books(project) };
}

/** The database as it was before the last transaction; files and the provider's world stay as they are. */
function loseTransaction(project: TestProject): string | null {
  const kept = project.path('.trainyard/power');
  for (const file of ['trainyard.db', 'trainyard.db-wal', 'trainyard.db-shm']) {
    rmSync(join(project.state, file), { force: true });
    if (existsSync(join(kept, file))) copyFileSync(join(kept, file), join(project.state, file));
  }
  rmSync(kept, { recursive: true });
  return 'the last transaction';
}

function loseNewestFile(project: TestProject, folder: string): string | null {
  const root = join(project.state, folder);
  const newest = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile())
    .toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .at(-1);
  if (newest === undefined) return null;
  rmSync(newest, { force: true });
  return newest;
}

async function wasBegun(project: TestProject): Promise<boolean> {
  if (!storeExists(project.state)) return false;
  return project.rows(async (store) => (await store.db.selectFrom('runs').select('id').execute()).length > 0);
}
