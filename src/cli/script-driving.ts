import type { Project } from '../app.ts';
import { OPEN_STATUSES, attemptKey, listJobs } from '../jobs/index.ts';
import { getRun, openRuns, requestCancel, scriptsDriver } from '../pipelines/index.ts';
import type { Hold, Run } from '../pipelines/index.ts';
import { note } from './render/output.ts';
import { showScripts } from './render/script-progress.ts';

const PIPELINE = 'scripts';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the scripts of a run to their end and shows them. The first Ctrl-C starts nothing more and asks what runs to
 * end; the second ends it at once. Returns the run as it ended.
 */
export async function driveScripts(
  project: Project,
  hold: Hold,
  run: Run,
  options: { readonly verbose: boolean },
): Promise<Run> {
  const driver = scriptsDriver(project.world, hold, run.id);
  let asked = 0;
  const stopping: Promise<unknown>[] = [];
  const onSignal = (): void => {
    asked++;
    if (asked === 1) {
      note('Stopping: nothing more is started, and what runs has 10 s to end. Ctrl-C again ends it at once.');
      stopping.push(cancel(project, run, driver.wake));
    } else if (asked === 2) stopping.push(endAtOnce(project, run));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const progress = showScripts(project, run, options);
  try {
    await driver.run();
    await Promise.all(stopping);
  } finally {
    await progress.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  return getRun(project.store.db, run.id);
}

async function cancel(project: Project, run: Run, wake: () => Promise<void>): Promise<void> {
  const actor = await project.actor();
  await project.store.tx((tx) => requestCancel(tx, project.clock.now(), run, actor));
  await wake();
}

async function endAtOnce(project: Project, run: Run): Promise<void> {
  const compute = await project.world.compute('local');
  const keys: string[] = [];
  for (const status of OPEN_STATUSES) {
    const jobs = await listJobs(project.store.db, { run_id: run.id, status, limit: 100_000 });
    keys.push(...jobs.map((job) => attemptKey(job.name, job.attempt)));
  }
  await compute.cancel(run.id, keys, { at_once: true });
}

/** Runs of scripts whose process died: what was tied to it has ended, and so has the run. */
export async function endLeftovers(project: Project, hold: Hold): Promise<void> {
  for (const run of await openRuns(project.store.db, PIPELINE)) {
    note(`Run ${run.number} was interrupted; ending what is left of it.`);
    const actor = await project.actor();
    await project.store.tx((tx) => requestCancel(tx, project.clock.now(), run, actor));
    await scriptsDriver(project.world, hold, run.id).run();
  }
}
