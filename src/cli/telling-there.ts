import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Env } from '../app.ts';
import type { RunReport } from '../ci/index.ts';
import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { ciFacts, readsCommands } from '../kernel/ci.ts';
import { writeFileWhole } from '../kernel/files.ts';
import type { TrainingSummary } from '../scripts/index.ts';
import type { NamedJobView } from '../views/index.ts';
import { scriptsPageName, toldOfScripts } from './script-telling.ts';
import { failuresAmong } from './wait-outcome.ts';
import { orSay, pageName, publish, toldOf } from './telling.ts';

interface Telling {
  readonly json: boolean;
  readonly code: number;
}

/**
 * Tells the build that this command runs in how a run on a server stands, as `tellBuild` does of one here. The list of jobs
 * that later steps wait for is brought along. `jobs`: only these count as failed.
 */
export async function tellBuildThere(
  yard: Client,
  runs: readonly (number | string)[],
  { json, code, jobs = null }: Telling & { readonly jobs?: readonly NamedJobView[] | null },
): Promise<void> {
  const { env } = process;
  if (!readsCommands(ciFacts(env)) || runs.length === 0) return;
  await orSay('tell the build how the run stands', async () => {
    const folder = await folderOf(env);
    const found = await Promise.all(
      runs.map((run) => ok(yard.api.runs[':run'].report.$get({ param: { run: String(run) } }))),
    );
    const reports = found
      .toSorted((a, b) => b.number - a.number)
      .map((report): RunReport => (jobs === null ? report : among(report, jobs)));
    const [newest, ...older] = reports;
    if (newest === undefined) return;
    const told = [await withJobList(yard, newest, folder), ...older];
    await publish(env, toldOf(told, join(folder, `${pageName(newest.number)}.md`), code), json);
  });
}

/** The same of a run of scripts; its summary is brought along. */
export async function tellBuildOfScriptsThere(summary: TrainingSummary, json: boolean): Promise<void> {
  const { env } = process;
  if (!readsCommands(ciFacts(env))) return;
  await orSay('tell the build what became of the scripts', async () => {
    const folder = await folderOf(env);
    const name = scriptsPageName(summary.run);
    const path = join(folder, `${name}.json`);
    await writeFileWhole(path, `${JSON.stringify(summary, null, 2)}\n`);
    await publish(env, toldOfScripts(summary, path, join(folder, `${name}.md`)), json);
  });
}

/** Agents empty theirs when the job is over; Azure DevOps takes a page away only after the command has ended. */
const folderOf = (env: Env): Promise<string> =>
  mkdtemp(join(env['RUNNER_TEMP'] || env['AGENT_TEMPDIRECTORY'] || tmpdir(), 'trainyard-'));

const JOB_LIST = 'training_jobs';

async function withJobList(yard: Client, report: RunReport, folder: string): Promise<RunReport> {
  if (!report.artifacts.some(({ name }) => name === JOB_LIST)) return report;
  const answer = await yard.send(`/runs/${report.number}/artifacts/${JOB_LIST}`);
  const path = join(folder, `${JOB_LIST}.json`);
  await writeFileWhole(path, await answer.text());
  const artifacts = report.artifacts.map((each) => (each.name === JOB_LIST ? { ...each, path } : each));
  return { ...report, artifacts };
}

function among(report: RunReport, jobs: readonly NamedJobView[]): RunReport {
  const failures = failuresAmong(jobs.filter((job) => job.run === report.number));
  return { ...report, failures, has_training_failures: failures.length > 0 };
}
