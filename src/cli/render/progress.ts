import type { Project } from '../../app.ts';
import { countJobs, listJobs, openCount } from '../../jobs/index.ts';
import type { JobCounts } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { countsText, getStages } from '../../pipelines/index.ts';
import type { Run, Stage } from '../../pipelines/index.ts';
import { readEvents } from '../../store/index.ts';
import { shareForBuild } from './build-share.ts';
import { harmless, note } from './output.ts';
import { clip, columns, fit, oneLine, paint, status } from './style.ts';

export interface Progress {
  stop(): Promise<void>;
}

/**
 * Shows runs while they go on: in a terminal one screen that is drawn again a few times a second, at any fleet size;
 * elsewhere plain lines, one per change that matters and one every half minute.
 */
export function showProgress(project: Project, runs: readonly Run[], json = false): Progress {
  return process.stderr.isTTY ? liveScreen(project, runs) : plainLines(project, runs, json);
}

const QUIET = new Set([
  'job.attempt_failed',
  'model.registered',
  'model.promoted',
  'run.created',
  'approval.voted',
]);
/** How seldom a quiet run is looked at. */
const SELDOM_MS = 1500;
/** More failures than this are summed up: nobody reads a thousand lines. */
const MOST_FAILURES = 20;

/** Tells events in plain lines, those that matter, and so many failures that somebody reads them. */
export function plainTeller(): { tell(event: Told): boolean } {
  let failures = 0;
  return {
    tell: ({ at, type, message }) => {
      if (QUIET.has(type)) return false;
      if (type === 'job.failed' && ++failures > MOST_FAILURES) return false;
      note(oneLine(`${at.slice(11, 19)} ${message}`));
      if (failures === MOST_FAILURES && type === 'job.failed')
        note('         more failures are only counted from here: trainyard jobs list --status failed');
      return true;
    },
  };
}

interface Told {
  readonly at: string;
  readonly type: string;
  readonly message: string;
}

function plainLines(project: Project, runs: readonly Run[], json: boolean): Progress {
  const tellShare = shareForBuild(project, runs, json);
  const ids = new Set(runs.map((r) => r.id));
  const teller = plainTeller();
  let seen = 0;
  let spoke = project.clock.now();
  const start = project.store.db
    .selectFrom('events')
    .select((e) => e.fn.max('seq').as('seq'))
    .executeTakeFirst()
    .then((row) => {
      // What was said before belongs to earlier commands, but a run that was just created is ours.
      seen = Number(row?.seq ?? 0);
    });
  const look = async (): Promise<boolean> => {
    await start;
    const before = seen;
    for (;;) {
      const events = await readEvents(project.store.db, { after: seen, limit: 500 });
      for (const event of events) {
        seen = event.seq;
        if (event.run_id === null || !ids.has(event.run_id)) continue;
        if (teller.tell(event)) spoke = project.clock.now();
      }
      if (events.length < 500) break;
    }
    await tellShare();
    if (project.clock.now() - spoke < 30_000) return seen > before;
    for (const run of runs) {
      const counts = await countJobs(project.store.db, run.id);
      if (openCount(counts) === 0) continue;
      note(`${toIso(project.clock.now()).slice(11, 19)} run ${run.number}: ${countsText(counts)}`);
      spoke = project.clock.now();
    }
    return true;
  };
  return repeat(200, look);
}

function liveScreen(project: Project, runs: readonly Run[]): Progress {
  let drawn = 0;
  const draw = async (): Promise<boolean> => {
    const lines: string[] = [];
    for (const run of runs) lines.push(...(await screenOf(project, run)));
    const height = (process.stderr.rows || 24) - 1;
    const shown = lines.slice(0, height).map((l) => l);
    const up = drawn > 0 ? `\u001B[${drawn}A` : '';
    process.stderr.write(`${up}\u001B[J${shown.join('\n')}\n`);
    drawn = shown.length;
    return true;
  };
  return repeat(250, draw, () => {
    // What stays on the screen is the summary that follows, not the last frame.
    if (drawn > 0) process.stderr.write(`\u001B[${drawn}A\u001B[J`);
  });
}

async function screenOf(project: Project, run: Run): Promise<string[]> {
  const { db } = project.store;
  const now = project.clock.now();
  const [stages, counts] = await Promise.all([getStages(db, run.id), countJobs(db, run.id)]);
  const running = await listJobs(db, { run_id: run.id, status: 'running', limit: 6 });
  const failed = await listJobs(db, { run_id: run.id, status: 'failed', limit: 4 });
  const lines = [
    `${paint('bold', `Run ${run.number}`, process.stderr)}  ${formatDuration((now - Date.parse(run.created_at)) / 1000)}`,
    railway(stages),
  ];
  const current = stages.find((s) => s.status === 'running' || s.status === 'waiting');
  if (current !== undefined)
    lines.push(
      `  ${status(current.status)} ${current.name}  ${current.reason ?? countsText(current.counts)}`,
    );
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  if (total > 0) lines.push(bar(counts, total));
  for (const job of running) {
    const since = job.running_at === null ? '' : formatDuration((now - Date.parse(job.running_at)) / 1000);
    lines.push(`    ${paint('cyan', '▶', process.stderr)} ${job.name.padEnd(36)} ${since}`);
  }
  if (counts.running > running.length)
    lines.push(`      … and ${counts.running - running.length} more running`);
  for (const job of failed)
    lines.push(
      `    ${paint('red', '✗', process.stderr)} ${clip(`${job.name}: ${job.message ?? 'failed'}`, columns(process.stderr) - 8)}`,
    );
  if (counts.failed > failed.length) lines.push(`      … and ${counts.failed - failed.length} more failed`);
  // A line that wraps would take two on the screen, and the next frame would be drawn one too low.
  return lines.map((l) => fit(harmless(oneLine(l)), columns(process.stderr)));
}

/** The run as a line with stations. */
function railway(stages: readonly Stage[]): string {
  const shapes: Readonly<Record<string, string>> = {
    succeeded: paint('green', '●'),
    failed: paint('red', '✗'),
    running: paint('cyan', '◉'),
    waiting: paint('yellow', '‖'),
    skipped: paint('gray', '○'),
    canceled: paint('yellow', '⊘'),
    pending: paint('gray', '·'),
  };
  return `  ${stages.map((s) => shapes[s.status] ?? '·').join('──')}`;
}

function bar(counts: JobCounts, total: number): string {
  const width = 30;
  const done = counts.succeeded + counts.failed + counts.canceled;
  const good = Math.round((counts.succeeded / total) * width);
  const bad = Math.ceil(((counts.failed + counts.canceled) / total) * width);
  const rest = Math.max(0, width - good - bad);
  return `  ${paint('green', '█'.repeat(good))}${paint('red', '█'.repeat(Math.min(bad, width - good)))}${paint('gray', '░'.repeat(rest))} ${done}/${total}  ${countsText(counts)}`;
}

/**
 * Calls again and again, never twice at once, more seldom while the calls find nothing new; `stop` waits for the call
 * under way and makes a last one.
 */
export function repeat(ms: number, work: () => Promise<boolean>, atEnd?: () => void): Progress {
  const stop = new AbortController();
  const loop = (async () => {
    let pause = ms;
    while (!stop.signal.aborted) {
      // A look that fails is no reason to show nothing from then on.
      const news = await work().catch(() => false);
      pause = news ? ms : Math.min(pause * 1.5, SELDOM_MS);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        const wake = (): void => (clearTimeout(timer), resolve());
        // It may have been stopped during the look.
        if (stop.signal.aborted) wake();
        else stop.signal.addEventListener('abort', wake, { once: true });
      });
    }
    await work().catch(() => false);
    atEnd?.();
  })();
  loop.catch(() => undefined);
  return {
    stop: async () => {
      stop.abort();
      await loop.catch(() => undefined);
    },
  };
}
