/**
 * A thread that plans, and looks through what is old: a fleet of ten thousand takes half a second of a core, which the
 * server has for nobody.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseScripts, fleetStates, planProject, prune } from '../../actions/index.ts';
import { openProject } from '../../app.ts';
import type { Project } from '../../app.ts';
import { freeze, sealPlan } from '../../fleet/index.ts';
import { SYSTEM } from '../../kernel/actor.ts';
import { toIso } from '../../kernel/clock.ts';
import { TrainyardError, messageOf } from '../../kernel/errors.ts';
import type { PruneItem } from '../../pipelines/index.ts';
import { batches } from '../../store/index.ts';
import type { PrunePreview } from '../../views/index.ts';
import { readDebts, writeFleetCache } from './fleet-cache.ts';
import type { FromThread, ListName, PlanTold, ThreadTask } from './messages.ts';

/** So many circuits fit into a message that is read at once without anybody waiting. */
const AT_ONCE = 250;

const task = workerData as ThreadTask;
const say = (message: FromThread): void => parentPort?.postMessage(message);

/** As text, because that keeps numbers of Python and what else a copy between threads would lose. */
function sayAll(list: ListName, items: readonly unknown[]): void {
  for (const some of batches(items, AT_ONCE)) say({ kind: 'items', list, json: JSON.stringify(some) });
}

try {
  if (task.kind === 'scripts') {
    sayAll('scripts', (await chooseScripts(task.root, task.settings)).jobs);
    say({ kind: 'scripts' });
  } else await lookAtProject(task);
} catch (error) {
  say(
    error instanceof TrainyardError
      ? {
          kind: 'refused',
          code: error.code,
          message: error.message,
          hint: error.hint ?? null,
          problems: [...error.problems],
        }
      : {
          kind: 'broken',
          message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error),
        },
  );
}

async function lookAtProject(task: Exclude<ThreadTask, { kind: 'scripts' }>): Promise<void> {
  const project = await openProject({ folder: task.root, mode: 'read', env: task.env });
  try {
    if (task.kind === 'states') {
      const circuits = await fleetStates(project, await readDebts(project.store.folder));
      sayAll('circuits', circuits);
      await writeFleetCache(project.store.folder, toIso(project.clock.now()), circuits);
      say({ kind: 'states' });
    } else if (task.kind === 'retention')
      say({ kind: 'retention', json: JSON.stringify(await wouldGo(project, task.most)) });
    else {
      const planned = await planProject(project, task.options, {
        keep_digests: true,
        ...(task.pins === null ? {} : { pins: task.pins }),
      });
      const { circuits, pinned, ...plan } = planned.plan;
      sayAll('circuits', circuits);
      sayAll(
        'pinned',
        [...pinned].map(([id, each]) => ({
          id,
          frozen: freeze(each),
          training_hash: each.training_hash,
          inputs_digest: each.inputs_digest,
        })),
      );
      const { name, version, digest } = planned.component;
      const inputs = planned.inputs();
      const told: PlanTold = {
        plan,
        selected: planned.selected,
        component: { name, version, digest },
        environments: planned.environments.map((e) => ({
          name: e.name,
          version: e.version,
          digest: e.digest,
        })),
        inputs,
        options: planned.options,
        sealed: sealPlan(toIso(project.clock.now()), planned.plan, planned.options, inputs),
      };
      say({ kind: 'plan', json: JSON.stringify(told) });
    }
  } finally {
    await project.close();
  }
}

/** What retention would remove, with the first things by name. */
async function wouldGo(project: Project, most: number): Promise<PrunePreview> {
  const items: PruneItem[] = [];
  let more = 0;
  const tell = (item: PruneItem): void => void (items.length < most ? items.push(item) : more++);
  const work = prune(project, { dry_run: true, by: SYSTEM, tell });
  for (;;) {
    const step = await work.next();
    if (step.done === true) return { report: step.value, items, more };
  }
}
