import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  chooseScripts,
  makeScriptFolders,
  prepareScripts,
  scriptCommands,
  scriptResources,
  writeSummary,
} from '../actions/index.ts';
import type { Report, ScriptSettings } from '../actions/index.ts';
import { openProject } from '../app.ts';
import { loadProjectConfig } from '../config/index.ts';
import { EXIT, NotFoundError, TrainyardError, UsageError } from '../kernel/errors.ts';
import { doneBefore, holdProject } from '../pipelines/index.ts';
import type { ScriptJobParams } from '../pipelines/index.ts';
import { expandSweeps, parseMetric, parseSweep, shellText } from '../scripts/index.ts';
import type { Metric, TrainingSummary } from '../scripts/index.ts';
import { scriptView } from '../views/index.ts';
import type { ScriptFlags } from './commands/scripts.ts';
import { closeProject, serverOf } from './options.ts';
import { note, print, printJson } from './render/output.ts';
import { rankingTable, scriptTable } from './render/scripts.ts';
import { driveScripts, endLeftovers } from './script-driving.ts';
import { tellBuildOfScripts } from './script-telling.ts';

/** The exit codes of a script orchestrator, which are not those of the rest of the command line. */
export const CODES = { ok: 0, failed: 1, nothing_found: 3, interrupted: 130 } as const;

/** Finds, chooses and runs the scripts of a repository. Returns the exit code. */
export async function scripts(flags: ScriptFlags): Promise<number> {
  try {
    const server = serverOf(flags, process.env);
    if (server === null) return await findAndRun(flags);
    const { onServer } = await import('./on-server.ts');
    return await onServer(server, process.env, async (yard) => {
      const { scriptsThere } = await import('./scripting-there.ts');
      return scriptsThere(yard, flags);
    });
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    if (error.exit_code === EXIT.unexpected || error.exit_code === EXIT.usage) throw error;
    // There is one code for everything that has to be set right first.
    throw new UsageError(error.message, { hint: error.hint, problems: error.problems, cause: error });
  }
}

async function findAndRun(flags: ScriptFlags): Promise<number> {
  const root = rootOf(flags.project);
  const settings = withFlags((await loadProjectConfig(root, process.env)).scripts, flags);
  const { jobs, discovered } = await chooseScripts(root, settings);
  if (settings.strict_discovery === true && settings.no_auto_discover !== true && discovered === 0) {
    note(`error: Discovery found no training script in ${root}.`);
    note('hint: Scripts are called train_*.py; name others with --include-pattern.');
    return CODES.nothing_found;
  }
  if (flags.list === true || flags.listOnly === true) {
    const views = jobs.map(scriptView);
    if (flags.json === true) printJson({ jobs: views });
    else print(views.length === 0 ? 'No training scripts found.' : scriptTable(views));
    return CODES.ok;
  }
  const metric = flags.metric === undefined ? null : parseMetric(flags.metric);
  const all = scriptCommands(root, expandSweeps(jobs, (flags.sweep ?? []).map(parseSweep)), settings);
  const commands = flags.dryRun === true && flags.resume === true ? await notDone(root, all) : all;
  if (flags.dryRun === true) {
    if (flags.json === true) printJson({ jobs: commands.map(({ id, command }) => ({ id, command })) });
    else for (const { command } of commands) print(shellText(command));
    return CODES.ok;
  }
  if (commands.length === 0) {
    note('No training scripts found: nothing to run.');
    return CODES.ok;
  }
  return run(root, commands, flags, settings, metric);
}

/** What stands in trainyard.yaml, and over it what was typed. */
function withFlags(written: ScriptSettings, typed: ScriptFlags): ScriptSettings {
  const given: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(typed)) {
    // Flags that begin with --no- are kept by what they take away; commander says `true` for one that nobody typed.
    if (flag === 'autoDiscover') {
      if (value === false) given['no_auto_discover'] = true;
    } else if (value !== undefined) given[flag.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)] = value;
  }
  return { ...written, ...given };
}

async function run(
  root: string,
  jobs: readonly ScriptJobParams[],
  flags: ScriptFlags,
  settings: ScriptSettings,
  metric: Metric | null,
): Promise<number> {
  const resources = await scriptResources(settings);
  makeScriptFolders(root, jobs);
  refuseReports(flags.report ?? []);
  const { gpus, max_workers } = resources;
  const project = await openProject({ folder: root, mode: 'write', overrides: { max_workers, gpus } });
  try {
    await using hold = await holdProject(project.store, project.clock.now(), 'scripts');
    await endLeftovers(project, hold);
    const done = flags.resume === true ? await doneBefore(project.store.db, jobs) : new Set<string>();
    const resumed = jobs.filter((job) => done.has(job.id));
    if (resumed.length > 0)
      note(`Taken over from the interrupted run: ${resumed.map((j) => j.id).join(', ')}.`);
    const write = await prepareScripts(project, {
      jobs: jobs.filter((job) => !done.has(job.id)),
      resumed,
      settings,
      resources,
      actor: await project.actor(),
      arguments: process.argv.slice(3),
      served: false,
    });
    const created = await project.store.tx(write);
    const ended = await driveScripts(project, hold, created, { verbose: settings.verbose === true });
    const { summary, path } = await writeSummary(project, ended, resumed, {
      gpus,
      metric,
      reports: flags.report ?? [],
    });
    await tellBuildOfScripts(project, summary, path, flags.json === true);
    if (flags.json === true) printJson(summary);
    else {
      tellSummary(summary);
      note(`Summary: ${path}`);
    }
    if (ended.status === 'canceled') return CODES.interrupted;
    return ended.status === 'succeeded' ? CODES.ok : CODES.failed;
  } finally {
    await closeProject(project);
  }
}

/** The ranking that was asked for, and who says nothing of that metric. */
export function tellSummary(summary: TrainingSummary): void {
  const { metric, ranking, jobs } = summary;
  if (ranking.length > 0) print(rankingTable(summary));
  const silent = jobs.filter((job) => metric !== null && job.metrics?.[metric.name] === undefined);
  if (metric === null || silent.length === 0) return;
  const named = silent.slice(0, 5).map((job) => job.id);
  note(
    `No ${metric.name} was reported by ${named.join(', ')}${silent.length > 5 ? ` and ${silent.length - 5} more` : ''}.`,
  );
}

/** What --resume would run. */
async function notDone(root: string, jobs: readonly ScriptJobParams[]): Promise<ScriptJobParams[]> {
  const project = await openProject({ folder: root, mode: 'read' });
  try {
    const done = await doneBefore(project.store.db, jobs);
    return jobs.filter((job) => !done.has(job.id));
  } finally {
    await project.close();
  }
}

/** Before anything is trained. @throws UsageError naming the file that cannot be written */
export function refuseReports(reports: readonly Report[]): void {
  for (const { file } of reports) {
    const folder = dirname(resolve(file));
    if (!existsSync(folder) || statSync(resolve(file), { throwIfNoEntry: false })?.isDirectory() === true)
      throw new UsageError(
        `--report ${file}: ${existsSync(folder) ? 'that is a folder' : `there is no folder ${folder}`}.`,
        {
          hint: 'Name a file in a folder that is there.',
        },
      );
  }
}

/** The folder given, else the nearest one above that is a project or a repository, else this one. */
function rootOf(given: string | undefined): string {
  const from = resolve(given ?? '.');
  if (!existsSync(from))
    throw new NotFoundError(`There is no folder ${from}.`, { hint: 'Give --project an existing folder.' });
  if (given !== undefined) return from;
  for (let folder = from; ; folder = dirname(folder)) {
    if (['trainyard.yaml', '.git'].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return from;
  }
}
