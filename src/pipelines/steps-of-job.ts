import { expandComponent, shownCommand, shownWord } from '../assets/index.ts';
import { TrainyardError } from '../kernel/errors.ts';
import type { Job } from '../jobs/index.ts';
import type { Db } from '../store/index.ts';
import { getRun } from './run-store.ts';
import { scriptParams } from './scripts/params.ts';
import { submissionOf } from './train/job-world.ts';

/** What one command of a job looks like to people. */
export interface JobStep {
  readonly name: string;
  readonly command: string;
  readonly environment: string | null;
  readonly environment_variables: Record<string, string>;
}

/** The commands of a job in their order, as it was frozen; none where its component is no longer known. */
export async function stepsOfJob(db: Db, job: Job): Promise<JobStep[]> {
  const run = await getRun(db, job.run_id);
  if (run.pipeline === 'scripts') {
    const script = scriptParams(run).jobs.find((s) => s.id === job.circuit_id);
    if (script === undefined) return [];
    const command = script.command.map(shownWord).join(' ');
    return [{ name: script.name, command, environment: null, environment_variables: {} }];
  }
  try {
    const submission = await submissionOf({ db, run }, job);
    return expandComponent(submission.component, submission.inputs).map((step) => ({
      name: step.name,
      command: shownCommand(step),
      environment: job.environment ?? step.environment,
      environment_variables: { ...submission.environment_variables, ...step.environment_variables },
    }));
  } catch (error) {
    // A job of an older time may name what is not kept any more; the rest of it is shown all the same.
    if (error instanceof TrainyardError && error.code !== 'unexpected') return [];
    throw error;
  }
}
