import type { Project } from '../app.ts';
import { currentHolder, driveRuns, getRun, holdIfFree } from '../pipelines/index.ts';
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
    /** What others are told holds the project meanwhile. */
    readonly kind?: HolderKind;
    readonly wait: boolean;
    readonly json: boolean;
    readonly document: (
      run: Readonly<Record<string, unknown>> | null,
    ) => Promise<Readonly<Record<string, unknown>>>;
  },
): Promise<number> {
  const hold = options.wait
    ? await holdIfFree(project.store, project.clock.now(), options.kind ?? 'approve')
    : null;
  if (hold === null) {
    const held = await currentHolder(project.store);
    if (options.json) printJson(await options.document(null));
    else
      print(
        held === null
          ? `${options.told} \`trainyard run --resume\` goes on with the run.`
          : GO_ON.includes(held.kind)
            ? `${options.told} \`trainyard ${held.kind}\` (process ${held.pid}) goes on with the run.`
            : `${options.told} \`trainyard run --resume\` goes on with the run, once \`trainyard ${held.kind}\` (process ${held.pid}) has ended.`,
      );
    return 0;
  }
  if (!options.json) note(options.told);
  const { followRuns } = await import('./following.ts');
  await using mine = hold;
  const ended = await followRuns(project, mine, [await getRun(project.store.db, run_id)], {
    json: options.json,
  });
  if (options.json) {
    const { runView } = await import('../views/index.ts');
    printJson(await options.document(await runView(project, await getRun(project.store.db, run_id))));
  }
  return ended;
}

/**
 * Waits until `over`: another process does the work, or this one where nobody holds the project. Whoever holds it may be
 * about something else, or leave before it is done: then it is this one's turn. Every other run is left where it is.
 */
export async function untilOver(
  project: Project,
  run_id: string,
  kind: HolderKind,
  over: () => Promise<boolean>,
): Promise<void> {
  while (!(await over())) {
    if ((await currentHolder(project.store)) !== null) {
      await project.clock.sleep(100);
      continue;
    }
    const hold = await holdIfFree(project.store, project.clock.now(), kind);
    if (hold === null) continue;
    const stop = new AbortController();
    try {
      const watching = (async () => {
        while (!(await over())) await project.clock.sleep(100);
        stop.abort();
      })();
      await Promise.all([driveRuns(project.world, hold, stop.signal, 'aborted', { run_id }), watching]);
    } finally {
      await hold[Symbol.asyncDispose]();
    }
  }
}

/** Holders that go on with any run of the project; the others are about something of their own. */
const GO_ON: readonly string[] = ['run', 'worker', 'serve', 'approve', 'retry'];
