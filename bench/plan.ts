import { join } from 'node:path';
import { openProject } from '../src/app.ts';
import { planProject } from '../src/actions/index.ts';
import { freeze } from '../src/fleet/index.ts';
import { toIso } from '../src/kernel/clock.ts';
import { batches } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, interleaved, measure, median } from './measure.ts';
import { newScratch, writeFleet, writeProject } from './project.ts';

/** Marks to reach, by the number of circuits. */
const REACH: Readonly<Record<number, { readonly s: number; readonly mib?: number }>> = {
  10_000: { s: 0.8 },
  100_000: { s: 4, mib: 600 },
};
/** Circuits that are edited after the models were registered. */
const CHANGED = 5;

/** Load, validate, hash and diff a whole fleet, as whole processes: `trainyard plan` against a Python script. */
export async function benchPlan(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const figures: Figure[] = [];
  const rounds: Record<string, readonly number[]> = {};
  const notes =
    tools.pyyaml === null ? ['PyYAML with its C loader is not installed: nothing to compare with.'] : [];
  for (const circuits of [10_000, 100_000]) {
    const times = quick ? 2 : circuits > 10_000 ? 3 : 7;
    const result = await planOne(await newScratch(), circuits, tools, times);
    figures.push(...result.figures);
    Object.assign(rounds, result.rounds);
  }
  return { suite: 'plan', figures, notes, rounds };
}

async function planOne(
  folder: string,
  circuits: number,
  tools: Tools,
  count: number,
): Promise<Omit<SuiteResult, 'suite' | 'notes'>> {
  await writeProject(folder, { circuits });
  await registerGoodModels(folder);
  const changed = new Set(Array.from({ length: CHANGED }, (_, i) => Math.floor((i * circuits) / CHANGED)));
  await writeFleet(folder, { circuits, changed });

  const ours = [...TRAINYARD, 'plan', '--project', folder];
  const baseline = join(import.meta.dirname, 'plan_baseline.py');
  const theirs = [
    tools.python,
    baseline,
    join(folder, 'config', 'circuits.yaml'),
    join(folder, '.trainyard', 'trainyard.db'),
    '1',
  ];
  await checkSame(folder, tools, ours, tools.pyyaml === null ? null : theirs);
  const taken = await interleaved(count, {
    ours: () => measure(tools.python, ours, { cwd: folder }),
    ...(tools.pyyaml === null ? {} : { python: () => measure(tools.python, theirs, { cwd: folder }) }),
  });

  const name = `${circuits.toLocaleString('en')} circuits`;
  const reach = REACH[circuits];
  const mine = taken.get('ours') ?? [];
  const script = taken.get('python') ?? [];
  const wall = median(mine.map((t) => t.wall_s));
  const rss = median(mine.map((t) => t.peak_rss_mib));
  const figures = [
    figure(`${name}: time`, wall, 's', '<', reach?.s),
    figure(`${name}: peak memory`, rss, 'MiB', '<', reach?.mib),
  ];
  const rounds: Record<string, readonly number[]> = { [`${name}: trainyard, s`]: mine.map((t) => t.wall_s) };
  if (script.length > 0) {
    const python = median(script.map((t) => t.wall_s));
    figures.push(
      figure(`${name}: Python script`, python, 's'),
      figure(`${name}: Python script, peak memory`, median(script.map((t) => t.peak_rss_mib)), 'MiB'),
      figure(`${name}: times as fast as the script`, python / wall, '×', '>=', 5),
    );
    rounds[`${name}: Python script, s`] = script.map((t) => t.wall_s);
  }
  return { figures, rounds };
}

/** Both name exactly the circuits that were edited: a fast answer that is wrong counts for nothing. */
async function checkSame(
  folder: string,
  tools: Tools,
  ours: readonly string[],
  theirs: readonly string[] | null,
): Promise<void> {
  const plan = JSON.parse((await measure(tools.python, [...ours, '--json'], { cwd: folder })).stdout) as {
    circuits: { id: string; action: string }[];
  };
  const train = plan.circuits.filter((c) => c.action === 'train').map((c) => c.id);
  if (train.length !== CHANGED)
    throw new Error(`The plan trains ${train.length} circuits instead of ${CHANGED}.`);
  if (theirs === null) return;
  const script = JSON.parse((await measure(tools.python, theirs, { cwd: folder })).stdout) as {
    train: string[];
  };
  if (script.train.join() !== train.toSorted().join())
    throw new Error(`The script trains others: ${script.train.join(', ')}`);
}

/** A store in which every circuit has a good model for exactly what it wants, with the settings frozen as a run does. */
async function registerGoodModels(folder: string): Promise<void> {
  const project = await openProject({ folder, mode: 'write', env: {} });
  try {
    const { plan } = await planProject(project, {
      detection: 'hash',
      base_ref: null,
      circuits: [],
      if_changed: false,
      include_failed: false,
      allow_wide: null,
    });
    const at = toIso(project.clock.now());
    for (const some of batches([...plan.pinned.values()], 250)) {
      await project.store.tx((tx) =>
        tx
          .insertInto('model_versions')
          .values(
            some.map((pinned) => ({
              registry: 'dev',
              model_name: pinned.circuit.model_name,
              version: 1,
              circuit_id: pinned.circuit.id,
              pr: 0,
              digest: '0'.repeat(64),
              files: `[{"path":"model.json","sha256":"${'0'.repeat(64)}","size":2}]`,
              tags: JSON.stringify({
                plant_id: pinned.circuit.plant_id,
                training_hash: pinned.training_hash,
              }),
              metrics: '{"mae":1.5,"rmse":2.5}',
              settings: freeze(pinned),
              job_id: `job_${pinned.circuit.id}`,
              job_name: pinned.circuit.id,
              run_id: 'run_before',
              training_hash: pinned.training_hash,
              inputs_digest: pinned.inputs_digest,
              created_at: at,
            })),
          )
          .execute(),
      );
    }
  } finally {
    await project.close();
  }
}
