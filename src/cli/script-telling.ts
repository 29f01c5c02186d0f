import { join } from 'node:path';
import type { Project } from '../app.ts';
import { LONGEST_PAGE } from '../ci/index.ts';
import { ciFacts, readsCommands } from '../kernel/ci.ts';
import { summaryMarkdown } from '../scripts/index.ts';
import type { TrainingSummary } from '../scripts/index.ts';
import { pageFile, publish } from './telling.ts';
import type { Told } from './telling.ts';

/** Tells the build that the scripts run in what became of them. Elsewhere nothing happens. */
export async function tellBuildOfScripts(
  project: Project,
  summary: TrainingSummary,
  path: string,
  json: boolean,
): Promise<void> {
  if (!readsCommands(ciFacts(project.env))) return;
  const page = pageFile(project, scriptsPageName(summary.run), summary.run);
  await publish(project.env, toldOfScripts(summary, join(project.root, path), page), json);
}

/** `path`: of the summary, on this machine; `page`: the file for the page. */
export function toldOfScripts(summary: TrainingSummary, path: string, page: string): Told {
  const failed = summary.jobs.filter((job) => job.status === 'failed');
  return {
    outputs: [
      { name: 'hasTrainingFailures', value: String(failed.length > 0) },
      { name: 'run_number', value: String(summary.run) },
      { name: 'run_status', value: summary.status },
      { name: 'training_summary', value: path },
    ],
    issues: failed.map((job) => ({
      kind: job.optional ? 'warning' : 'error',
      title: `${job.id} failed${job.optional ? ' (optional)' : ''}`,
      message: `${job.error ?? 'failed'} (${job.log})`,
    })),
    page: { text: summaryMarkdown(summary, LONGEST_PAGE), file: page },
    partial: summary.status === 'succeeded' && failed.length > 0,
  };
}

export const scriptsPageName = (run: number): string => `training-run-${run}`;
