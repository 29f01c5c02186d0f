import { writeReports } from '../actions/index.ts';
import { ApiError, items, ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { UsageError } from '../kernel/errors.ts';
import { parseMetric, parseSweep, rank, selectJobs, shellText } from '../scripts/index.ts';
import type { ScriptView } from '../views/index.ts';
import type { ScriptFlags } from './commands/scripts.ts';
import { watchThere } from './follow-there.ts';
import { refuseThere } from './plan-there.ts';
import { note, print, printJson } from './render/output.ts';
import { scriptTable } from './render/scripts.ts';
import { newestEvent } from './running-there.ts';
import { CODES, refuseReports, tellSummary } from './scripting.ts';
import { tellBuildOfScriptsThere } from './telling-there.ts';

/**
 * `trainyard scripts` on a server, which runs the scripts of its own repository. What decides which files count as
 * scripts, and what runs them, stands in its trainyard.yaml. Returns the exit code.
 */
export async function scriptsThere(yard: Client, flags: ScriptFlags): Promise<number> {
  refuseOfTheFile(flags);
  const { json = false } = flags;
  if (flags.strictDiscovery === true && (await countThere(yard)) === 0) {
    note('error: Discovery found no training script on the server.');
    note('hint: Scripts are called train_*.py; its trainyard.yaml can name others under `scripts:`.');
    return CODES.nothing_found;
  }
  if (flags.list === true || flags.listOnly === true) {
    const jobs = selectJobs(await scriptsOf(yard), {
      only: flags.only ?? [],
      exclude: flags.exclude ?? [],
    });
    if (json) printJson({ jobs });
    else print(jobs.length === 0 ? 'No training scripts found.' : scriptTable(jobs));
    return CODES.ok;
  }
  return flags.dryRun === true ? showCommands(yard, flags) : runThem(yard, flags);
}

/** @throws UsageError for what a server takes from its own trainyard.yaml, and for what it does not tell */
function refuseOfTheFile(flags: ScriptFlags): void {
  refuseThere(flags, ['verbose'], 'Follow one of its jobs: trainyard jobs logs -f JOB');
  const { autoDiscover, ...others } = flags;
  if (autoDiscover === false)
    throw new UsageError('--no-auto-discover does not go with a server.', { hint: OF_THE_FILE });
  refuseThere(others, NOT_ASKED, OF_THE_FILE);
}

const NOT_ASKED = [
  'discoverRoot',
  'includePattern',
  'excludeRegex',
  'discoveryLimit',
  'config',
  'allowDiscoveryOverrides',
  'markDiscoveredOptional',
  'extraArg',
  'extraArgs',
  'python',
] as const satisfies readonly (keyof ScriptFlags)[];

const OF_THE_FILE =
  'Which files count as scripts, and what runs them with which arguments, is said under `scripts:` in the trainyard.yaml of the server.';

const countThere = async ({ api }: Client): Promise<number> =>
  (await ok(api.scripts.$get({ query: { limit: 1 } }))).total;

const scriptsOf = ({ api }: Client): Promise<ScriptView[]> =>
  Array.fromAsync(items((cursor) => api.scripts.$get({ query: { limit: 500, cursor } })));

async function showCommands({ api }: Client, flags: ScriptFlags): Promise<number> {
  const { jobs, total } = await ok(api.scripts.preview.$post({ json: requestOf(flags) }));
  if (flags.json === true) printJson({ jobs: jobs.map(({ id, command }) => ({ id, command })) });
  else for (const { command } of jobs) print(shellText(command));
  if (total > jobs.length) note(`… and ${total - jobs.length} more, which a server does not name.`);
  return CODES.ok;
}

async function runThem(yard: Client, flags: ScriptFlags): Promise<number> {
  const metric = flags.metric === undefined ? null : parseMetric(flags.metric);
  const reports = flags.report ?? [];
  refuseReports(reports);
  const after = await newestEvent(yard);
  const started = await start(yard, flags);
  if (started === null) return CODES.ok;
  const run = await watchThere(yard, started, after);
  if (run.ended_at === null) return CODES.interrupted;
  const param = { run: run.id };
  const told = await ok(yard.api.runs[':run'].scripts.summary.$get({ param }));
  const summary = metric === null ? told : { ...told, metric, ranking: rank(told.jobs, metric) };
  await writeReports(summary, reports);
  await tellBuildOfScriptsThere(summary, flags.json === true);
  if (flags.json === true) printJson(summary);
  else tellSummary(summary);
  if (run.status === 'canceled') return CODES.interrupted;
  return run.status === 'succeeded' ? CODES.ok : CODES.failed;
}

/** The id of the run; null: there is nothing to run. */
async function start({ api }: Client, flags: ScriptFlags): Promise<string | null> {
  try {
    return (await ok(api.scripts.run.$post({ json: requestOf(flags) }))).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    note(`${error.message} ${error.hint ?? ''}`.trim());
    return null;
  }
}

function requestOf(flags: ScriptFlags) {
  const sweeps = (flags.sweep ?? []).map(parseSweep);
  const names = sweeps.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new UsageError(`--sweep ${twice} is given twice.`, { hint: 'Name all of its values in one.' });
  return {
    only: flags.only && [...flags.only],
    exclude: flags.exclude && [...flags.exclude],
    epochs: flags.epochs,
    folds: flags.folds,
    sample: flags.sample,
    batch: flags.batch,
    parallel: flags.parallel,
    max_workers: flags.maxWorkers,
    order: flags.order,
    retries: flags.retries,
    timeout_s: flags.timeout,
    memory_limit_mib: flags.jobsMemoryLimit,
    gpus: flags.gpus,
    gpus_per_job: flags.gpusPerJob,
    allow_partial_success: flags.allowPartialSuccess,
    resume: flags.resume === true,
    sweep: Object.fromEntries(sweeps.map(({ name, values }) => [name, [...values]])),
  };
}
