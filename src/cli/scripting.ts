import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openProject } from '../app.ts';
import type { Project } from '../app.ts';
import { loadProjectConfig } from '../config/index.ts';
import type { ProjectConfig } from '../config/index.ts';
import { gitFacts } from '../fleet/index.ts';
import { EXIT, NotFoundError, TrainyardError, UsageError, messageOf } from '../kernel/errors.ts';
import { createScriptsRun, doneBefore, holdProject, lastDurations, scriptHash } from '../pipelines/index.ts';
import type { Run, ScriptJobParams } from '../pipelines/index.ts';
import {
  collectJobs,
  expandSweeps,
  jobCommand,
  scriptDigest,
  shellText,
  splitWords,
  parseMetric,
  parseSweep,
} from '../scripts/index.ts';
import type { Metric, ScriptJob } from '../scripts/index.ts';
import type { Report, ScriptFlags } from './commands/scripts.ts';
import { findGpus } from './gpus.ts';
import { closeProject } from './options.ts';
import { note, print, printJson } from './render/output.ts';
import { rankingTable, scriptTable } from './render/scripts.ts';
import { driveScripts, endLeftovers } from './script-driving.ts';
import { writeSummary } from './script-summary.ts';

/** The exit codes of a script orchestrator, which are not those of the rest of the command line. */
const CODES = { ok: 0, failed: 1, nothing_found: 3, interrupted: 130 } as const;
const MAX_WORKERS = 4;

/** Finds, chooses and runs the scripts of a repository. Returns the exit code. */
export async function scripts(flags: ScriptFlags): Promise<number> {
  try {
    return await findAndRun(flags);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    if (error.exit_code === EXIT.unexpected || error.exit_code === EXIT.usage) throw error;
    // There is one code for everything that has to be set right first.
    throw new UsageError(error.message, { hint: error.hint, problems: error.problems, cause: error });
  }
}

async function findAndRun(typed: ScriptFlags): Promise<number> {
  const root = rootOf(typed.project);
  const flags = withSettings(typed, (await loadProjectConfig(root, process.env)).scripts);
  const python = flags.python ?? 'python3';
  const { jobs, discovered } = await collectJobs({
    root,
    python,
    discover_roots: flags.discoverRoot ?? [],
    include_patterns: flags.includePattern ?? [],
    exclude_regexes: flags.excludeRegex ?? [],
    limit: flags.discoveryLimit ?? null,
    auto_discover: flags.autoDiscover !== false,
    config: flags.config ?? null,
    discovery_overrides: flags.allowDiscoveryOverrides === true,
    discovered_optional: flags.markDiscoveredOptional === true,
    only: flags.only ?? [],
    exclude: flags.exclude ?? [],
  });
  if (flags.strictDiscovery === true && flags.autoDiscover !== false && discovered === 0) {
    note(`error: Discovery found no training script in ${root}.`);
    note('hint: Scripts are called train_*.py; name others with --include-pattern.');
    return CODES.nothing_found;
  }
  if (flags.list === true || flags.listOnly === true) {
    if (flags.json === true) printJson({ jobs: jobs.map(listed) });
    else print(jobs.length === 0 ? 'No training scripts found.' : scriptTable(jobs));
    return CODES.ok;
  }
  const metric = flags.metric === undefined ? null : parseMetric(flags.metric);
  const all = withCommands(root, expandSweeps(jobs, (flags.sweep ?? []).map(parseSweep)), flags, python);
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
  return run(root, commands, flags, metric);
}

/** What stands in trainyard.yaml, and over it what was typed. */
function withSettings(typed: ScriptFlags, settings: ProjectConfig['scripts']): ScriptFlags {
  const written: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(settings)) {
    const name = key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    // Flags that begin with --no- are kept by what they take away.
    if (key === 'no_auto_discover') written['autoDiscover'] = value !== true;
    else if (key !== 'no_default_jobs') written[name] = value;
  }
  const given = Object.entries(typed).filter(
    ([name, value]) => value !== undefined && !isDefault(name, value),
  );
  return { ...written, ...Object.fromEntries(given) };
}

/** commander says `true` for a --no- flag that nobody typed. */
const isDefault = (name: string, value: unknown): boolean =>
  (name === 'autoDiscover' || name === 'defaultJobs') && value === true;

const listed = ({ id, name, script, output, optional, supports, reason, copies }: ScriptJob) => ({
  id,
  name,
  script,
  output,
  optional,
  supports: Object.fromEntries(Object.entries(supports).map(([key, flag]) => [key, flag !== null])),
  reason,
  copies,
});

function withCommands(
  root: string,
  jobs: readonly ScriptJob[],
  flags: ScriptFlags,
  python: string,
): ScriptJobParams[] {
  const extra_args = [
    ...(flags.extraArg ?? []),
    ...(flags.extraArgs ?? []).flatMap((line) => splitWords(line, '--extra-args')),
  ];
  const settings = {
    python,
    epochs: flags.epochs ?? null,
    folds: flags.folds ?? null,
    sample: flags.sample ?? null,
    batch: flags.batch ?? null,
    extra_args,
  };
  return jobs.map(({ id, name, script, output, optional, reason, copies, ...job }) => ({
    id,
    name,
    script,
    output,
    optional,
    reason,
    copies: [...copies],
    command: jobCommand({ id, name, script, output, optional, reason, copies, ...job }, settings),
    sha256: scriptDigest(join(root, script)),
  }));
}

async function run(
  root: string,
  jobs: readonly ScriptJobParams[],
  flags: ScriptFlags,
  metric: Metric | null,
): Promise<number> {
  const gpus = await findGpus(flags.gpus ?? null);
  const gpus_per_job = gpus.length === 0 ? 0 : (flags.gpusPerJob ?? 1);
  if (gpus_per_job > gpus.length || (gpus.length === 0 && flags.gpusPerJob !== undefined))
    throw new UsageError(`Each job is to have ${flags.gpusPerJob} GPUs, and there are ${gpus.length}.`, {
      hint: 'Say which there are with --gpus, for example --gpus auto.',
    });
  makeFolders(root, jobs, flags.report ?? []);
  const max_workers = flags.parallel === true ? (flags.maxWorkers ?? MAX_WORKERS) : 1;
  const project = await openProject({ folder: root, mode: 'write', overrides: { max_workers, gpus } });
  try {
    await using hold = await holdProject(project.store, project.clock.now(), 'scripts');
    await endLeftovers(project, hold);
    const { db } = project.store;
    const done = flags.resume === true ? await doneBefore(db, jobs) : new Set<string>();
    const wanted = jobs.filter((job) => !done.has(job.id));
    const resumed = jobs.filter((job) => done.has(job.id));
    if (resumed.length > 0)
      note(`Taken over from the interrupted run: ${resumed.map((j) => j.id).join(', ')}.`);
    const ordered = flags.order === 'discovery' ? wanted : await longestFirst(project, wanted);
    const created = await start(project, ordered, resumed, flags, gpus_per_job);
    const ended = await driveScripts(project, hold, created, { verbose: flags.verbose === true });
    const { summary, path } = await writeSummary(project, ended, resumed, {
      gpus,
      metric,
      reports: flags.report ?? [],
    });
    if (flags.json === true) printJson(summary);
    else {
      if (summary.ranking.length > 0) print(rankingTable(summary));
      const silent = summary.jobs.filter(
        (job) => metric !== null && job.metrics?.[metric.name] === undefined,
      );
      if (metric !== null && silent.length > 0)
        note(
          `No ${metric.name} was reported by ${silent
            .slice(0, 5)
            .map((job) => job.id)
            .join(', ')}${silent.length > 5 ? ` and ${silent.length - 5} more` : ''}.`,
        );
      note(`Summary: ${path}`);
    }
    if (ended.status === 'canceled') return CODES.interrupted;
    return ended.status === 'succeeded' ? CODES.ok : CODES.failed;
  } finally {
    await closeProject(project);
  }
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

/** Folders for results, and for reports, before anything is trained. @throws UsageError naming the one that cannot be made */
function makeFolders(root: string, jobs: readonly ScriptJobParams[], reports: readonly Report[]): void {
  for (const folder of ['logs', 'summaries', ...jobs.map((job) => join('results', job.output))]) {
    try {
      mkdirSync(join(root, folder), { recursive: true });
    } catch (error) {
      throw new UsageError(`The folder ${folder} cannot be made: ${messageOf(error)}.`, {
        hint: 'Remove what is in its place, or make the project writable. Nothing was started.',
      });
    }
  }
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

async function start(
  project: Project,
  jobs: readonly ScriptJobParams[],
  resumed: readonly ScriptJobParams[],
  flags: ScriptFlags,
  gpus_per_job: number,
): Promise<Run> {
  const git = await gitFacts(project.root);
  const actor = await project.actor();
  return project.store.tx((tx) =>
    createScriptsRun(tx, project.clock.now(), {
      params: {
        jobs: [...jobs],
        retries: flags.retries ?? 0,
        timeout_s: flags.timeout ?? null,
        memory_limit_mib: flags.jobsMemoryLimit ?? null,
        gpus_per_job,
        allow_partial_success: flags.allowPartialSuccess === true,
        resumed: resumed.map((job) => `${job.id} ${scriptHash(job)}`),
        arguments: process.argv.slice(3),
      },
      requested_by: actor.name,
      git_commit: git.commit,
      git_branch: git.branch,
    }),
  );
}

/** Whoever is known to take longest begins; what was never run keeps its place at the front, as it may be long. */
async function longestFirst(project: Project, jobs: readonly ScriptJobParams[]): Promise<ScriptJobParams[]> {
  const took = await lastDurations(
    project.store.db,
    jobs.map((job) => job.id),
  );
  const of = (job: ScriptJobParams): number => took.get(job.id) ?? Number.POSITIVE_INFINITY;
  return jobs.toSorted((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)));
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
