import { Worker } from 'node:worker_threads';
import type { ScriptSettings } from '../../actions/index.ts';
import type { Project } from '../../app.ts';
import { thaw } from '../../fleet/index.ts';
import type { CircuitStanding, Plan, PlanOptions, PlannedCircuit } from '../../fleet/index.ts';
import { TrainyardError } from '../../kernel/errors.ts';
import { nextTurn } from '../../kernel/clock.ts';
import type { ScriptJob } from '../../scripts/index.ts';
import type { FromThread, ListName, PlanTold, ThreadTask } from './messages.ts';

/** Everything that is shown of a plan, sealed, and needed to start a run for it. */
export type PlannedAside = Omit<PlanTold, 'plan'> & { readonly plan: Plan };

/** Source in a checkout; in the package it lies beside the chunk that this becomes. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './plan-thread.ts' : './plan-thread.js',
  import.meta.url,
);

/**
 * Makes a plan in a thread of its own, as `planProject` does here.
 * @throws what `planProject` throws
 */
export async function planAside(
  project: Project,
  options: PlanOptions,
  pins: Readonly<Record<string, number>> | null = null,
): Promise<PlannedAside> {
  const circuits: PlannedCircuit[] = [];
  const pinned: Plan['pinned'] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never = new Map();
  const done = await inThread({ ...placeOf(project), kind: 'plan', options, pins }, (list, json) => {
    if (list === 'circuits') circuits.push(...(JSON.parse(json) as PlannedCircuit[]));
    else if (list === 'pinned')
      for (const { id, frozen, ...hashes } of JSON.parse(json) as PinnedTold[])
        pinned.set(id, { ...thaw(frozen), ...hashes });
  });
  if (done.kind !== 'plan') throw new TypeError('The thread answered another question.');
  const { plan, ...told } = JSON.parse(done.json) as PlanTold;
  return { ...told, plan: { ...plan, circuits, pinned } };
}

interface PinnedTold {
  readonly id: string;
  readonly frozen: string;
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** How every circuit stands, sorted by id; found out in a thread of its own. @throws what `planProject` throws */
export async function statesAside(project: Project): Promise<CircuitStanding[]> {
  const circuits: CircuitStanding[] = [];
  await inThread({ ...placeOf(project), kind: 'states' }, (_, json) => {
    circuits.push(...(JSON.parse(json) as CircuitStanding[]));
  });
  return circuits;
}

/** The scripts that there are, chosen by `settings`; found in a thread of its own. @throws what `chooseScripts` throws */
export async function scriptsAside(project: Project, settings: ScriptSettings): Promise<ScriptJob[]> {
  const scripts: ScriptJob[] = [];
  await inThread({ ...placeOf(project), kind: 'scripts', settings }, (_, json) => {
    scripts.push(...(JSON.parse(json) as ScriptJob[]));
  });
  return scripts;
}

/** Where a thread finds the project. */
export const placeOf = ({ root, env }: Project): Pick<ThreadTask, 'root' | 'env'> => ({
  root,
  env: { ...env },
});

/** How a thread ends that has done what it was started for. */
type Done = Extract<FromThread, { kind: 'states' | 'scripts' | 'plan' | 'retention' }>;

/** So many may wait for their turn; whoever comes then is told to come again. */
const MOST_WAITING = 8;
/** Data that lies on a disk which answers no more would hold up everybody who waits. */
const LONGEST_MS = 15 * 60_000;

/** One after the other: two would take the machine's other core, and read the same files. */
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

function inThread(task: ThreadTask, take: (list: ListName, json: string) => void): Promise<Done> {
  // The server's own look at the fleet comes one at a time.
  if (task.kind !== 'states' && waiting >= MOST_WAITING)
    return Promise.reject(
      new TrainyardError('interrupted', `${waiting} plans and searches wait already.`, {
        hint: 'Ask again in a moment.',
      }),
    );
  waiting++;
  const next = last.then(() => runThread(task, take)).finally(() => waiting--);
  last = next.catch(() => undefined);
  return next;
}

/** Starts a thread, and waits for its answer. What comes is taken piece by piece, and others have a turn between them. */
export function runThread(task: ThreadTask, take: (list: ListName, json: string) => void): Promise<Done> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: task, execArgv: [] });
    // Whoever ends the server does not wait for a plan.
    worker.unref();
    const limit = setTimeout(() => {
      reject(
        new TrainyardError('interrupted', 'The files of the project were not read within 15 minutes.', {
          hint: 'Look whether the disks that data and code lie on answer.',
        }),
      );
      void worker.terminate();
    }, LONGEST_MS).unref();
    worker.once('exit', () => clearTimeout(limit));
    let taken = Promise.resolve();
    let answered = false;
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'items':
          taken = taken.then(nextTurn).then(() => take(message.list, message.json));
          taken.catch(reject);
          break;
        case 'refused': {
          const { code, hint, problems } = message;
          reject(new TrainyardError(code, message.message, { hint: hint ?? undefined, problems }));
          break;
        }
        case 'broken':
          reject(new Error(message.message));
          break;
        default:
          answered = true;
          taken.then(() => resolve(message), reject);
      }
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      if (!answered) reject(new Error('The thread that plans ended without an answer.'));
    });
  });
}
