import { createInterface } from 'node:readline/promises';
import { decide } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { getApproval, listApprovals } from '../gates/index.ts';
import type { Approval } from '../gates/index.ts';
import { EXIT } from '../kernel/errors.ts';
import {
  currentHolder,
  driveRuns,
  getRun,
  getStages,
  holdUnlessServed,
  requestCancel,
  runIsOver,
} from '../pipelines/index.ts';
import type { Hold, Run } from '../pipelines/index.ts';
import { showProgress } from './render/progress.ts';
import { note } from './render/output.ts';
import { runSummary } from './render/run.ts';
import { tellBuild } from './telling.ts';

/**
 * Advances runs in this process (with `hold` null: watches the process that does) and shows them until they are over
 * or wait for people. In a terminal it asks on the
 * spot, and Ctrl-C asks whether to detach or to cancel; elsewhere it ends with the code that says where things stand.
 */
export async function followRuns(
  project: Project,
  hold: Hold | null,
  runs: readonly Run[],
  options: { readonly json: boolean },
): Promise<number> {
  const interactive = process.stdin.isTTY && process.stderr.isTTY && !options.json;
  for (;;) {
    const ended = await driveShown(project, hold, runs, interactive, options.json);
    const now = await Promise.all(runs.map((r) => getRun(project.store.db, r.id)));
    if (ended === 'detached') {
      note(`Detached. Jobs that run go on; \`trainyard run --resume\` takes the run up again.`);
      await tellBuild(project, now, { json: options.json, code: EXIT.interrupted });
      return EXIT.interrupted;
    }
    const waiting = now.filter((r) => r.status === 'waiting');
    for (const run of now) note(await runSummary(project, run));
    if (waiting.length > 0 && interactive && (await askOnTheSpot(project, waiting))) continue;
    const code = Math.max(...(await Promise.all(now.map((run) => codeOf(project, run)))));
    await tellBuild(project, now, { json: options.json, code });
    return code;
  }
}

/** A run that waits at one gate may have failed elsewhere, and that is what its starter has to know. */
async function codeOf(project: Project, run: Run): Promise<number> {
  if (run.status !== 'waiting') return exitCodeOf(run);
  const stages = await getStages(project.store.db, run.id);
  const broken = stages.some((stage) => stage.name === 'SubmitTraining' && stage.status === 'failed');
  return broken ? EXIT.work_failed : exitCodeOf(run);
}

/** 0 succeeded, 9 failed, 11 waits for people, 130 canceled. */
export function exitCodeOf(run: Pick<Run, 'status'>): number {
  switch (run.status) {
    case 'succeeded':
      return EXIT.ok;
    case 'failed':
      return EXIT.work_failed;
    case 'canceled':
      return EXIT.interrupted;
    default:
      return EXIT.waiting_for_approval;
  }
}

async function driveShown(
  project: Project,
  hold: Hold | null,
  runs: readonly Run[],
  interactive: boolean,
  json: boolean,
): Promise<'idle' | 'detached'> {
  for (;;) {
    const stop = new AbortController();
    let interrupted = false;
    const onSignal = (): void => {
      interrupted = true;
      stop.abort();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    const progress = showProgress(project, runs, json);
    try {
      await advanceOrWatch(project, hold, runs, stop.signal);
    } finally {
      await progress.stop();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
    if (!interrupted) return 'idle';
    if (!interactive) return 'detached';
    const answer = await ask('Jobs go on by themselves. [d]etach, [c]ancel the run, or Enter to go on? ');
    if (answer.startsWith('d')) return 'detached';
    if (answer.startsWith('c')) {
      const actor = await project.actor();
      for (const run of runs)
        await project.store.tx((tx) => requestCancel(tx, project.clock.now(), run, actor));
    }
  }
}

/** Advances the runs here, or watches the worker that does; when that one is gone, this process takes over. */
async function advanceOrWatch(
  project: Project,
  hold: Hold | null,
  runs: readonly Run[],
  signal: AbortSignal,
): Promise<void> {
  if (hold !== null) {
    await driveRuns(project.world, hold, signal, 'idle', about(runs));
    return;
  }
  while (!signal.aborted) {
    const now = await Promise.all(runs.map((r) => getRun(project.store.db, r.id)));
    if (now.every((r) => runIsOver(r.status) || r.status === 'waiting')) return;
    if ((await currentHolder(project.store)) === null) {
      note('The worker is gone; going on here.');
      await using taken = await holdUnlessServed(project.store, project.clock.now(), 'run');
      if (taken !== null) await driveRuns(project.world, taken, signal, 'idle', about(runs));
    }
    await project.clock.sleep(200, signal);
  }
}

/** A rehearsal and the real thing do not wait for each other. */
export const about = (runs: readonly Run[]): { rehearsal?: boolean } => {
  const kinds = new Set(runs.map((run) => run.rehearsal === 1));
  const [rehearsal] = kinds;
  return kinds.size === 1 && rehearsal !== undefined ? { rehearsal } : {};
};

/** Asks for every open request of these runs. Returns whether something was decided. */
async function askOnTheSpot(project: Project, runs: readonly Run[]): Promise<boolean> {
  let decided = false;
  for (const run of runs) {
    for (const approval of await listApprovals(project.store.db, {
      run_id: run.id,
      status: 'waiting',
      limit: 20,
    })) {
      note('');
      const { approvalScreen } = await import('./render/approval.ts');
      note(await approvalScreen(project, approval, 12));
      const verdict = await askVerdict(project, approval);
      if (verdict === 'settled') {
        note('Settled meanwhile, by somebody else or by its time limit.');
        decided = true;
        continue;
      }
      if (verdict === null) continue;
      await decide(project, {
        approval_id: approval.id,
        actor: await project.actor(),
        verdict,
        comment: null,
        subjects: null,
        retrain: false,
      });
      decided = true;
    }
  }
  return decided;
}

/** Asks until the answer is one of those offered. Null: later. Gives up asking once nobody needs to answer any more. */
async function askVerdict(
  project: Project,
  approval: Approval,
): Promise<'approve' | 'hold' | 'reject' | 'settled' | null> {
  await discardTyped(project);
  const settled = new AbortController();
  const asked = new AbortController();
  void watchRequest(project, approval, asked.signal).then(
    (over) => over && settled.abort(),
    () => undefined, // then the question simply stays
  );
  try {
    for (;;) {
      const answer = await ask('[a]pprove, [h]old, [r]eject, or Enter to decide later? ', settled.signal);
      if (settled.signal.aborted) return 'settled';
      if (answer === '' || answer === 'd') return null;
      if ('approve'.startsWith(answer)) return 'approve';
      if ('hold'.startsWith(answer)) return 'hold';
      if ('reject'.startsWith(answer)) return 'reject';
    }
  } finally {
    asked.abort();
  }
}

/** What was typed while jobs ran answers no question that had not been asked. */
async function discardTyped(project: Project): Promise<void> {
  const { stdin } = process;
  if (!stdin.isTTY) return;
  const drop = (): void => undefined;
  stdin.setRawMode(true);
  stdin.on('data', drop).resume();
  await project.clock.sleep(30);
  stdin.off('data', drop).pause();
  stdin.setRawMode(false);
}

/** While one terminal asks, somebody may decide in another, or the time may run out: true. False: asked to stop. */
async function watchRequest(project: Project, approval: Approval, stop: AbortSignal): Promise<boolean> {
  for (;;) {
    await project.clock.sleep(500, stop);
    if (stop.aborted) return false;
    const now = await getApproval(project.store.db, approval.id);
    const over = project.clock.now() >= Date.parse(now.expires_at);
    const run = await getRun(project.store.db, approval.run_id);
    // Whoever wants it ended waits for this process.
    if (run.ended_at !== null || run.cancel_requested_at !== null) return true;
    if (over || now.status !== 'waiting' || now.counts.pending < approval.counts.pending) return true;
  }
}

async function ask(question: string, signal?: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question, signal === undefined ? {} : { signal })).trim().toLowerCase();
  } catch {
    return 'd';
  } finally {
    lines.close();
  }
}
