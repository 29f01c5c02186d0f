import { Worker } from 'node:worker_threads';
import type { Project } from '../../app.ts';
import type { CircuitStanding } from '../../fleet/index.ts';
import { TrainyardError } from '../../kernel/errors.ts';
import type { FromThread, ThreadTask } from './messages.ts';

/** Source in a checkout; in the package it lies beside the chunk that this becomes. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './plan-thread.ts' : './plan-thread.js',
  import.meta.url,
);

/** How every circuit stands, sorted by id; found out in a thread of its own. @throws what `planProject` throws */
export async function statesAside(project: Project): Promise<CircuitStanding[]> {
  const circuits: CircuitStanding[] = [];
  await inThread({ ...placeOf(project), kind: 'states' }, (_, json) => {
    circuits.push(...(JSON.parse(json) as CircuitStanding[]));
  });
  return circuits;
}

const placeOf = ({ root, env }: Project): Pick<ThreadTask, 'root' | 'env'> => ({ root, env: { ...env } });

/** One after the other: two would take the machine's other core, and read the same files. */
let last: Promise<unknown> = Promise.resolve();

function inThread(
  task: ThreadTask,
  take: (list: 'circuits' | 'pinned', json: string) => void,
): Promise<Extract<FromThread, { kind: 'states' | 'plan' }>> {
  const next = last.then(() => runThread(task, take));
  last = next.catch(() => undefined);
  return next;
}

function runThread(
  task: ThreadTask,
  take: (list: 'circuits' | 'pinned', json: string) => void,
): Promise<Extract<FromThread, { kind: 'states' | 'plan' }>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: task, execArgv: [] });
    // Whoever ends the server does not wait for a plan.
    worker.unref();
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'items':
          take(message.list, message.json);
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
          resolve(message);
      }
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The thread that plans ended without an answer.')));
  });
}
