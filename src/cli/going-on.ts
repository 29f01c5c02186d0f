import type { Project } from '../app.ts';
import { currentHolder, driveRuns, getRun, holdProject } from '../pipelines/index.ts';
import type { HolderKind } from '../pipelines/index.ts';
import { note, print, printJson } from './render/output.ts';

/**
 * After something was recorded about a run: goes on with it here, unless another process holds the project or nobody wants
 * to wait. `document` is what `--json` prints, with the run as it ended where it was followed. Returns the exit code.
 */
export async function goOn(
  project: Project,
  run_id: string,
  options: {
    readonly told: string;
    readonly wait: boolean;
    readonly json: boolean;
    readonly document: (
      run: Readonly<Record<string, unknown>> | null,
    ) => Promise<Readonly<Record<string, unknown>>>;
  },
): Promise<number> {
  const held = await currentHolder(project.store);
  if (!options.wait || held !== null) {
    if (options.json) printJson(await options.document(null));
    else
      print(
        held === null
          ? `${options.told} \`trainyard run --resume\` goes on with the run.`
          : `${options.told} \`trainyard ${held.kind}\` (process ${held.pid}) goes on with the run.`,
      );
    return 0;
  }
  if (!options.json) note(options.told);
  const { followRuns } = await import('./following.ts');
  await using hold = await holdProject(project.store, project.clock.now(), 'approve');
  const ended = await followRuns(project, hold, [await getRun(project.store.db, run_id)], {
    json: options.json,
  });
  if (options.json) {
    const { runDocument } = await import('./render/run.ts');
    printJson(await options.document(await runDocument(project, await getRun(project.store.db, run_id))));
  }
  return ended;
}

/** Waits until `over`: another process does the work, or this one where nobody holds the project. Every other run is left where it is. */
export async function untilOver(
  project: Project,
  run_id: string,
  kind: HolderKind,
  over: () => Promise<boolean>,
): Promise<void> {
  const stop = new AbortController();
  const watching = (async () => {
    while (!(await over())) await project.clock.sleep(100);
    stop.abort();
  })();
  if ((await currentHolder(project.store)) !== null) {
    await watching;
    return;
  }
  await using hold = await holdProject(project.store, project.clock.now(), kind);
  await Promise.all([driveRuns(project.world, hold, stop.signal, 'aborted', { run_id }), watching]);
}
