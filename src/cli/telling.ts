import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env, Project } from '../app.ts';
import {
  azureCommand,
  azureIssue,
  fewIssues,
  githubIssue,
  githubOutput,
  runIssues,
  runOutputs,
  runPage,
} from '../ci/index.ts';
import type { Issue, Output, RunReport } from '../ci/index.ts';
import { ciFacts, readsCommands } from '../kernel/ci.ts';
import { EXIT, messageOf } from '../kernel/errors.ts';
import { writeFileWhole } from '../kernel/files.ts';
import { getRun } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { runReport } from '../views/index.ts';
import { note, printCommand } from './render/output.ts';

/** Of more runs only the newest are told. */
const MOST_RUNS = 20;

/** What a build is told at the end of a command. */
export interface Told {
  /** For the steps that follow. */
  readonly outputs: readonly Output[];
  readonly issues: readonly Issue[];
  /** The summary page in Markdown, and the file that it is put in where the build wants one. */
  readonly page: { readonly text: string; readonly file: string } | null;
  /** The command succeeds although something failed. */
  readonly partial: boolean;
}

/**
 * Tells the build that this command runs in how its runs stand. Outside of Azure DevOps and GitHub nothing happens, and
 * what goes wrong here changes no outcome. `jobs` (ids): only these count as failed.
 */
export async function tellBuild(
  project: Project,
  runs: readonly Run[],
  {
    json,
    code,
    jobs = null,
  }: { readonly json: boolean; readonly code: number; readonly jobs?: ReadonlySet<string> | null },
): Promise<void> {
  if (!readsCommands(ciFacts(project.env)) || runs.length === 0) return;
  await orSay('tell the build how the run stands', async () => {
    const newest = runs.toSorted((a, b) => b.number - a.number).slice(0, MOST_RUNS);
    const reports = await Promise.all(
      newest.map(async (run) => runReport(project, await getRun(project.store.db, run.id), jobs)),
    );
    const number = newest[0]?.number ?? 0;
    const page = pageFile(project, pageName(number), number);
    await publish(project.env, toldOf(reports, page, code), json);
  });
}

/** Of runs, the newest first; `page`: the file for the summary. */
export const toldOf = (reports: readonly RunReport[], page: string, code: number): Told => ({
  outputs: runOutputs(reports),
  issues: reports.flatMap(runIssues),
  page: { text: runPage(reports), file: page },
  partial: code === EXIT.ok && reports.some((r) => r.failures.length > 0),
});

export const pageName = (run: number): string => `trainyard-run-${run}`;

/** Azure DevOps shows a page under the name of its file, and takes it away only after the command has ended. */
export const pageFile = (project: Project, name: string, run: number): string =>
  join(project.store.folder, 'runs', String(run), `${name}.md`);

/** The same for whatever else has something to tell. */
export async function publish(env: Env, told: Told, json: boolean): Promise<void> {
  const { system } = ciFacts(env);
  if (system === 'github') await tellGithub(env, told, json);
  if (system === 'azure-devops') await tellAzure(env, told, json);
}

async function tellGithub(env: Env, told: Told, json: boolean): Promise<void> {
  const delimiter = `trainyard_${randomUUID()}`;
  const outputs = told.outputs.map(({ name, value }) => githubOutput(name, value, delimiter)).join('');
  const { GITHUB_OUTPUT: outputFile, GITHUB_STEP_SUMMARY: summaryFile } = env;
  if (outputFile !== undefined && outputFile !== '')
    await orSay('write the outputs of this step', () => appendFile(outputFile, outputs));
  const { page } = told;
  if (page !== null && summaryFile !== undefined && summaryFile !== '')
    await orSay('write the summary of this step', () => appendFile(summaryFile, `${page.text}\n`));
  for (const issue of newIssues(env, told.issues)) printCommand(githubIssue(issue), json);
}

/** Long lists are in the files that `training_jobs` stands beside; a variable becomes part of every step's environment. */
const NOT_FOR_AZURE: readonly string[] = ['failed_circuits'];
/** Existing pipelines read these in the same job by their bare names too. */
const BARE: readonly string[] = ['hasTrainingFailures', 'newEnvRegistered'];

async function tellAzure(env: Env, told: Told, json: boolean): Promise<void> {
  const say = (name: string, properties: Readonly<Record<string, string>>, value: string): void =>
    printCommand(azureCommand(name, properties, value), json);
  for (const { name, value } of told.outputs.filter((o) => !NOT_FOR_AZURE.includes(o.name))) {
    say('task.setvariable', { variable: name, isOutput: 'true' }, value);
    if (BARE.includes(name)) say('task.setvariable', { variable: name }, value);
  }
  for (const issue of newIssues(env, told.issues)) printCommand(azureIssue(issue), json);
  const { page } = told;
  if (page !== null)
    await orSay('write the summary of this step', async () => {
      await writeFileWhole(page.file, page.text);
      // Only once it is there: a command about a file that is not there fails the step.
      say('task.uploadsummary', {}, page.file);
    });
  if (told.partial) say('task.complete', { result: 'SucceededWithIssues' }, 'something failed');
}

const shown = new WeakMap<Env, Record<Issue['kind'], number>>();

/** A command that goes on with two runs one after the other still has the room of one step. */
function newIssues(env: Env, issues: readonly Issue[]): Issue[] {
  const before = shown.get(env) ?? { error: 0, warning: 0 };
  const few = fewIssues(issues, before);
  const count = (kind: Issue['kind']): number => before[kind] + few.filter((i) => i.kind === kind).length;
  shown.set(env, { error: count('error'), warning: count('warning') });
  return few;
}

/** What goes wrong here changes no outcome. */
export async function orSay(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    note(`Could not ${what}: ${messageOf(error)}`);
  }
}
