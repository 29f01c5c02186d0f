import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project } from '../../app.ts';
import { countJobs, listJobs } from '../../jobs/index.ts';
import type { Job, JobCounts } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { formatDuration } from '../../kernel/duration.ts';
import type { Run } from '../../pipelines/index.ts';
import { readEvents } from '../../store/index.ts';
import { harmless, note } from './output.ts';
import { repeat } from './progress.ts';
import type { Progress } from './progress.ts';
import { clip, columns, fit, paint } from './style.ts';

const DRAW_MS = 250;
/** More of them than a screen holds are counted. */
const MOST_LINES = 12;
/** So much of what a script printed is shown at once. */
const MOST_SHOWN_BYTES = 1 << 20;
const TAIL_BYTES = 4096;

/**
 * Shows scripts while they run: in a terminal a line for each that runs, with its time and the last line it printed;
 * elsewhere plain lines that begin with the job. All of that is kept in logs/orchestrator.log too.
 */
export function showScripts(
  project: Project,
  run: Run,
  options: {
    readonly verbose: boolean;
    /** Lines alone, also in a terminal: others write there too. */
    readonly plain?: boolean;
  },
): Progress {
  const told = new Teller(project, run, options.verbose);
  let drawn = 0;
  const terminal = process.stderr.isTTY === true && options.plain !== true;
  const clear = (): void => {
    if (drawn > 0) process.stderr.write(`\u001B[${drawn}A\u001B[J`);
    drawn = 0;
  };
  const look = async (): Promise<boolean> => {
    const lines = await told.news();
    const frame = terminal ? await frameOf(project, run) : [];
    clear();
    for (const line of lines) note(line);
    if (frame.length > 0) process.stderr.write(`${frame.map(harmless).join('\n')}\n`);
    drawn = frame.length;
    return terminal || lines.length > 0;
  };
  return repeat(DRAW_MS, look, clear);
}

/** What happened since the last look, as lines. */
class Teller {
  readonly #project: Project;
  readonly #run: Run;
  readonly #verbose: boolean;
  readonly #states = new Map<string, string>();
  readonly #offsets = new Map<string, number>();
  #events = 0;

  constructor(project: Project, run: Run, verbose: boolean) {
    this.#project = project;
    this.#run = run;
    this.#verbose = verbose;
  }

  async news(): Promise<string[]> {
    const { db } = this.#project.store;
    const jobs = await listJobs(db, { run_id: this.#run.id, limit: 100_000 });
    const lines = [...(await this.#again()), ...jobs.toReversed().flatMap((job) => this.#changes(job))];
    if (lines.length > 0) await this.#keep(lines);
    return lines;
  }

  /** Attempts that failed and are made again: their job never shows as failed. */
  async #again(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const events = await readEvents(this.#project.store.db, { after: this.#events, limit: 500 });
      for (const event of events) {
        this.#events = event.seq;
        if (event.run_id === this.#run.id && event.type === 'job.attempt_failed')
          lines.push(`[${event.circuit_id}] ${event.message}`);
      }
      if (events.length < 500) return lines;
    }
  }

  #changes(job: Job): string[] {
    const lines = this.#verbose ? this.#printed(job) : [];
    const state = `${job.status} ${job.attempt}`;
    if (this.#states.get(job.id) === state) return lines;
    const first = !this.#states.has(job.id);
    this.#states.set(job.id, state);
    const took = job.running_s === null ? '' : ` after ${formatDuration(job.running_s)}`;
    switch (job.status) {
      case 'running':
        return [`[${job.circuit_id}] started${job.attempt > 1 ? `, attempt ${job.attempt}` : ''}`, ...lines];
      case 'succeeded':
        return [
          ...lines,
          ...(first ? [`[${job.circuit_id}] started`] : []),
          `[${job.circuit_id}] ${paint('green', '✓', process.stderr)} succeeded${took}`,
        ];
      case 'failed':
        return [
          ...lines,
          `[${job.circuit_id}] ${paint('red', '✗', process.stderr)} failed${took}: ${job.message ?? ''} (logs/${job.circuit_id}.log)`,
        ];
      case 'canceled':
        return [...lines, `[${job.circuit_id}] canceled`];
      default:
        return lines;
    }
  }

  /** Whole lines that came since the last look. */
  #printed(job: Job): string[] {
    if (job.running_at === null) return [];
    const key = `${job.id} ${job.attempt}`;
    const from = this.#offsets.get(key) ?? 0;
    // Counted in bytes: what is no UTF-8 has another length as text.
    const bytes = readPart(logOf(this.#project, job), MOST_SHOWN_BYTES, from);
    const end = job.ended_at === null ? bytes.lastIndexOf('\n') + 1 : bytes.length;
    this.#offsets.set(key, from + end);
    return bytes
      .toString('utf8', 0, end)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `[${job.circuit_id}] ${line}`);
  }

  async #keep(lines: readonly string[]): Promise<void> {
    const folder = join(this.#project.root, 'logs');
    const at = toIso(this.#project.clock.now());
    // oxlint-disable-next-line no-control-regex
    const plain = lines.map((line) => `${at} ${line.replaceAll(/\u001B\[[0-9;]*m/g, '')}\n`).join('');
    await mkdir(folder, { recursive: true })
      .then(() => appendFile(join(folder, 'orchestrator.log'), plain))
      .catch(() => undefined); // a log that cannot be written stops no training
  }
}

const logOf = (project: Project, job: Job): string => join(project.root, 'logs', `${job.circuit_id}.log`);

/** At most `most` bytes of a file: from the offset `from` on, or its end without one. Nothing if it cannot be opened. */
function readPart(path: string, most: number, from?: number): Buffer {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const { size } = fstatSync(fd);
    const start = from ?? Math.max(0, size - most);
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - start, most)));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, start));
  } finally {
    closeSync(fd);
  }
}

function lastLine(path: string): string {
  // A progress bar draws over its own line: what it shows now stands behind the last return.
  const lines = readPart(path, TAIL_BYTES)
    .toString('utf8')
    .split(/[\r\n]+/);
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? '';
}

async function frameOf(project: Project, run: Run): Promise<string[]> {
  const { db } = project.store;
  const now = project.clock.now();
  const counts = await countJobs(db, run.id);
  const running = await listJobs(db, { run_id: run.id, status: 'running', limit: MOST_LINES });
  const width = Math.max(...running.map((job) => job.circuit_id.length), 0);
  const lines = running.toReversed().map((job) => {
    const time = formatDuration((now - Date.parse(job.running_at ?? toIso(now))) / 1000);
    const head = `  ${paint('cyan', '▶', process.stderr)} ${job.circuit_id.padEnd(width)}  ${time.padStart(7)}  `;
    return `${head}${harmless(clip(lastLine(logOf(project, job)), Math.max(10, columns(process.stderr) - width - 14)))}`;
  });
  if (counts.running > running.length) lines.push(`    … and ${counts.running - running.length} more`);
  lines.push(totals(counts));
  return lines.map((line) => fit(line, columns(process.stderr)));
}

function totals(counts: JobCounts): string {
  const all = Object.values(counts).reduce((a, b) => a + b, 0);
  const over = counts.succeeded + counts.failed + counts.canceled;
  return `  ${over}/${all}  ${counts.succeeded} succeeded, ${counts.failed} failed, ${counts.running} running`;
}
