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

/** What is run of the scripts that were chosen, and how. */
export interface ServedScripts {
  readonly chosen: readonly ScriptJob[];
  readonly settings: ScriptSettings;
  readonly sweeps?: readonly Sweep[];
  /** Leaves out what the last run had finished, if that was interrupted. */
  readonly resume?: boolean;
  readonly actor: Actor;
  /** As one would type it. */
  readonly arguments: readonly string[];
}

/**
 * Looks at everything a run of scripts needs that the process serving the project will drive, and returns what writes it
 * down in a transaction of the caller's. Null: there is nothing to run.
 */
export async function prepareServedScripts(
  project: Project,
  { chosen, settings, sweeps = [], resume = false, ...input }: ServedScripts,
): Promise<{ readonly jobs: readonly ScriptJobParams[]; readonly write: (tx: Tx) => Promise<Run> } | null> {
  const all = scriptCommands(project.root, expandSweeps(chosen, sweeps), settings);
  const done = resume ? await doneBefore(project.store.db, all) : new Set<string>();
  const jobs = all.filter((job) => !done.has(job.id));
  if (jobs.length === 0) return null;
  const resources = await scriptResources(settings);
  makeScriptFolders(project.root, jobs);
  const resumed = all.filter((job) => done.has(job.id));
  const write = await prepareScripts(project, { jobs, resumed, settings, resources, ...input, served: true });
  return { jobs, write };
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
