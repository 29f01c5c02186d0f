import type { Project } from '../../app.ts';
import { azureCommand } from '../../ci/index.ts';
import { countJobs, openCount } from '../../jobs/index.ts';
import { ciFacts } from '../../kernel/ci.ts';
import type { Run } from '../../pipelines/index.ts';
import { printCommand } from './output.ts';

/**
 * Tells Azure DevOps which share of the jobs is over: at most one line per percent, whatever the fleet. The share never
 * falls, though a retry brings new jobs. Other builds show no such thing.
 */
export function shareForBuild(project: Project, runs: readonly Run[], json: boolean): () => Promise<void> {
  if (ciFacts(project.env).system !== 'azure-devops') return async () => undefined;
  let told = -1;
  return async () => {
    const counts = await Promise.all(runs.map((run) => countJobs(project.store.db, run.id)));
    const all = counts.reduce((sum, c) => sum + Object.values(c).reduce((a, b) => a + b, 0), 0);
    const open = counts.reduce((sum, c) => sum + openCount(c), 0);
    const percent = all === 0 ? 0 : Math.floor(((all - open) / all) * 100);
    if (percent <= told) return;
    told = percent;
    printCommand(
      azureCommand('task.setprogress', { value: String(percent) }, `${all - open} of ${all} jobs are over`),
      json,
    );
  };
}
