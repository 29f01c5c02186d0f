import { join } from 'node:path';
import type { Project } from '../app.ts';
import { LONGEST_PAGE } from '../ci/index.ts';
import { ciFacts, readsCommands } from '../kernel/ci.ts';
import { summaryMarkdown } from '../scripts/index.ts';
import type { TrainingSummary } from '../scripts/index.ts';
import { pageFile, publish } from './telling.ts';

/** Tells the build that the scripts run in what became of them. Elsewhere nothing happens. */
export async function tellBuildOfScripts(
  project: Project,
  summary: TrainingSummary,
  path: string,
  json: boolean,
): Promise<void> {
  if (!readsCommands(ciFacts(project.env))) return;
  const failed = summary.jobs.filter((job) => job.status === 'failed');
  await publish(
    project.env,
    {
      outputs: [
        { name: 'hasTrainingFailures', value: String(failed.length > 0) },
        { name: 'run_number', value: String(summary.run) },
        { name: 'run_status', value: summary.status },
        { name: 'training_summary', value: join(project.root, path) },
      ],
      issues: failed.map((job) => ({
        kind: job.optional ? 'warning' : 'error',
        title: `${job.id} failed${job.optional ? ' (optional)' : ''}`,
        message: `${job.error ?? 'failed'} (${job.log})`,
      })),
      page: {
        text: summaryMarkdown(summary, LONGEST_PAGE),
        file: pageFile(project, `training-run-${summary.run}`, summary.run),
      },
      partial: summary.status === 'succeeded' && failed.length > 0,
    },
    json,
  );
}
