import type { Project } from '../app.ts';
import { SYSTEM } from '../kernel/actor.ts';
import { ConflictError, TrainyardError, messageOf } from '../kernel/errors.ts';
import { getRun, requestCancel, scriptParams, scriptsDriver } from '../pipelines/index.ts';
import type { Hold, Run, ScriptParams, Ticker } from '../pipelines/index.ts';
import type { Db } from '../store/index.ts';
import { summaryOf, writeSummary } from './script-summary.ts';

/** What a worker or server does with scripts that schedules and callers of the API started. */
export interface ServedScriptRuns extends Ticker {
  /** Resolves when no script runs any more; with `signal` aborted it asks them to end, as Ctrl-C does. */
  settle(signal: AbortSignal): Promise<void>;
}

/** Scripts end with the process that started them: nobody in person wanted that. */
const WHY = 'the server or worker that ran its scripts ended';

/** Shows a run of scripts while it runs, and keeps its log. */
export type ShowScripts = (project: Project, run: Run) => { stop(): Promise<void> };

/**
 * Runs scripts that are left to this process, beside the loop that called: each with the workers and GPUs that its run
 * froze. A run that was under way when its process died is brought to its end: scripts end with the process that started
 * them.
 */
export function servedScriptRuns(
  project: Project,
  hold: Hold,
  options: { readonly show: ShowScripts | null; readonly say: (line: string) => void },
): ServedScriptRuns {
  const driven = new Map<
    string,
    { readonly run: Run; readonly wake: () => Promise<void>; readonly over: Promise<void> }
  >();
  const { db } = project.store;
  /** Open runs of commands that died: whoever types the next one ends them. */
  const others = new Set<string>();
  let looked = false;
  let trouble: { readonly error: unknown } | null = null;

  const unknown = async (): Promise<string[]> =>
    (await openScriptRuns(db)).filter((id) => !driven.has(id) && !others.has(id));

  /** What goes wrong with one run is its end and no other's; only what cannot even be written down is. */
  const failed = async (run: Run, world: Project['world'], error: unknown): Promise<void> => {
    try {
      const reason = reasonOf(error);
      await scriptsDriver(world, hold, run.id).fail(reason);
      options.say(`Run ${run.number} (scripts) could not go on: ${reason}`);
    } catch (again) {
      trouble ??= { error: again };
    }
  };

  const drive = async (run: Run): Promise<void> => {
    const { max_workers, gpus } = paramsOf(run);
    if (run.status !== 'pending') await askToEnd(project, run);
    const own = project.beside({ max_workers, gpus });
    const driver = scriptsDriver(own.world, hold, run.id);
    const work = async (): Promise<void> => {
      const shown = run.status === 'pending' ? (options.show?.(own, run) ?? null) : null;
      try {
        await driver.run();
      } finally {
        await shown?.stop();
      }
      const ended = await getRun(db, run.id);
      options.say(`Run ${run.number} (scripts) ${ended.status}. ${await summarised(own, ended)}`);
    };
    const over = work()
      .catch((error: unknown) => failed(run, own.world, error))
      .then(() => own.close())
      .catch((error: unknown) => options.say(`Run ${run.number} (scripts) is over: ${reasonOf(error)}`))
      .finally(() => driven.delete(run.id));
    driven.set(run.id, { run, wake: driver.wake, over });
  };

  return {
    name: 'scripts',
    next: async () => {
      if (trouble !== null || !looked) return project.clock.now();
      return (await unknown()).length > 0 ? project.clock.now() : null;
    },
    tick: async () => {
      // What cannot be written down ends the loop, as it would have inside.
      if (trouble !== null) throw trouble.error;
      if (!looked) await writeMissedSummary(project, options.say);
      looked = true;
      for (const id of await unknown()) {
        const run = await getRun(db, id);
        if (!isServed(run)) others.add(id);
        else await drive(run).catch((error: unknown) => failed(run, project.world, error));
      }
    },
    settle: async (signal) => {
      const end = async (): Promise<void> => {
        for (const { run, wake } of driven.values()) {
          await askToEnd(project, run);
          await wake();
        }
      };
      const asked = Promise.withResolvers<undefined>();
      const onAbort = (): void => asked.resolve(undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      const over = Promise.all([...driven.values()].map((each) => each.over));
      await Promise.race([over, asked.promise]);
      if (signal.aborted && driven.size > 0) await end();
      await over;
      signal.removeEventListener('abort', onAbort);
      if (trouble !== null) throw trouble.error;
    },
  };
}

/** Runs of scripts that are not over, without what they are to do: this is asked in every round. */
async function openScriptRuns(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where('pipeline', '=', 'scripts')
    .where('ended_at', 'is', null)
    .orderBy('number')
    .execute();
  return rows.map((row) => row.id);
}

/** A process may have died between the end of the last run and its summary. */
async function writeMissedSummary(project: Project, say: (line: string) => void): Promise<void> {
  const { db } = project.store;
  const last = await db
    .selectFrom('runs')
    .select('id')
    .where('pipeline', '=', 'scripts')
    .where('ended_at', 'is not', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return;
  const run = await getRun(db, last.id);
  if (!isServed(run) || (await summaryOf(project, run)) !== null) return;
  say(`Run ${run.number} (scripts) ${run.status}. ${await summarised(project, run)}`);
}

/** Also of a run whose settings cannot be read. */
const isServed = ({ params }: Pick<Run, 'params'>): boolean => params['served'] === true;

/** @throws ConflictError where they cannot be read */
function paramsOf(run: Run): ScriptParams {
  try {
    return scriptParams(run);
  } catch (error) {
    throw new ConflictError(`What run ${run.number} was started with cannot be read by this Trainyard.`, {
      hint: 'Start its scripts again; another version may have written it.',
      cause: error,
    });
  }
}

/** The whole of it, with what helps. */
const reasonOf = (error: unknown): string =>
  [messageOf(error), error instanceof TrainyardError ? error.hint : undefined]
    .filter((part) => part !== undefined)
    .join(' ');

const askToEnd = ({ store, clock }: Project, run: Run): Promise<boolean> =>
  store.tx((tx) => requestCancel(tx, clock.now(), run, SYSTEM, WHY));

/** Writes the summary of a run that ended, and says where; one that cannot be written is no matter of other runs. */
async function summarised(project: Project, run: Run): Promise<string> {
  try {
    const { gpus } = paramsOf(run);
    return `Summary: ${(await writeSummary(project, run, [], { gpus, metric: null, reports: [] })).path}`;
  } catch (error) {
    return `Its summary cannot be written: ${messageOf(error)}`;
  }
}
