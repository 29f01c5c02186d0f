import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import { ConflictError } from '../kernel/errors.ts';
import { doneBefore, openRuns, scriptParams } from '../pipelines/index.ts';
import type { Run, ScriptJobParams } from '../pipelines/index.ts';
import { expandSweeps } from '../scripts/index.ts';
import type { ScriptJob, Sweep } from '../scripts/index.ts';
import type { Db, Tx } from '../store/index.ts';
import { makeScriptFolders, scriptCommands, scriptResources } from './choose-scripts.ts';
import type { ScriptSettings } from './choose-scripts.ts';
import { prepareScripts } from './start-scripts.ts';

/** What is run of the scripts that were chosen. */
export interface AskedScripts {
  readonly chosen: readonly ScriptJob[];
  readonly settings: ScriptSettings;
  readonly sweeps?: readonly Sweep[];
  /** Leaves out what the last run had finished, if that was interrupted. */
  readonly resume?: boolean;
}

/** The same, and who asks. */
export interface ServedScripts extends AskedScripts {
  readonly actor: Actor;
  /** As one would type it. */
  readonly arguments: readonly string[];
}

/** The jobs that it comes to, those that are left out apart. Writes and runs nothing. */
export async function servedScriptJobs(
  project: Project,
  { chosen, settings, sweeps = [], resume = false }: AskedScripts,
): Promise<{ readonly jobs: readonly ScriptJobParams[]; readonly resumed: readonly ScriptJobParams[] }> {
  const all = scriptCommands(project.root, expandSweeps(chosen, sweeps), settings);
  const done = resume ? await doneBefore(project.store.db, all) : new Set<string>();
  return {
    jobs: all.filter((job) => !done.has(job.id)),
    resumed: all.filter((job) => done.has(job.id)),
  };
}

/**
 * Looks at everything a run of scripts needs that the process serving the project will drive, and returns what writes it
 * down in a transaction of the caller's. Null: there is nothing to run.
 */
export async function prepareServedScripts(
  project: Project,
  { actor, arguments: typed, ...asked }: ServedScripts,
): Promise<{ readonly jobs: readonly ScriptJobParams[]; readonly write: (tx: Tx) => Promise<Run> } | null> {
  const { jobs, resumed } = await servedScriptJobs(project, asked);
  if (jobs.length === 0) return null;
  const { settings } = asked;
  const resources = await scriptResources(settings);
  makeScriptFolders(project.root, jobs);
  const input = { jobs, resumed, settings, resources, actor, arguments: typed, served: true };
  return { jobs, write: await prepareScripts(project, input) };
}

/**
 * Two runs of one script would write into the same log and the same folder of results.
 * @throws ConflictError naming the run that is open
 */
export async function refuseIfScriptsRun(
  db: Db,
  jobs: readonly Pick<ScriptJobParams, 'id'>[],
): Promise<void> {
  const ids = new Set(jobs.map((job) => job.id));
  for (const run of await openRuns(db, 'scripts')) {
    const same = scriptParams(run).jobs.filter((job) => ids.has(job.id));
    if (same.length === 0) continue;
    const told = same.slice(0, 3).map((job) => job.id);
    throw new ConflictError(
      `Run ${run.number} is not over, and runs ${told.join(', ')}${same.length > 3 ? ` and ${same.length - 3} more` : ''}.`,
      { hint: 'Wait for its end, cancel it, or leave these scripts out.' },
    );
  }
}
