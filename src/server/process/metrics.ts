import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Project } from '../../app.ts';
import { ownVersion } from '../../kernel/package-folder.ts';
import type { Live } from '../live/live.ts';
import { countedRuns } from './counted-runs.ts';
import { approvalsWaiting, openJobs, openRunsByStatus, outboxOf } from './standing-counts.ts';

export interface Metrics {
  /** A request that was answered; `route` is its pattern. */
  answered(request: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly s: number;
  }): void;
  /** All of it as Prometheus reads it. */
  text(): Promise<{ readonly type: string; readonly body: string }>;
}

const WAITING_S = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];
const WORKING_S = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
const ANSWER_S = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * What this server counts. How things stand is asked of the store when somebody looks; what ended since the last look is
 * found by the runs that were open then, so that it costs the same with a thousand old runs as with none.
 */
export function createMetrics(
  project: Project,
  process: { readonly live: Live; readonly drives: () => boolean },
): Metrics {
  const { store, clock } = project;
  const registry = new Registry();
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name: `trainyard_${name}`, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `trainyard_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> => new Histogram({ name: `trainyard_${name}`, help, labelNames, buckets, registers });

  gauge('info', 'The version that serves.', ['version']).set({ version: ownVersion() }, 1);
  const drives = gauge('drives', 'Whether this process advances the runs (1) or another one does (0).');
  const runs = gauge('runs', 'Open runs by status.', ['status']);
  const runsEnded = counter('runs_ended_total', 'Runs that ended since the server started.', ['status']);
  const jobs = gauge('jobs', 'Open jobs by status.', ['status']);
  const jobsEnded = counter('jobs_ended_total', 'Jobs that ended since the server started.', ['status']);
  const queue = histogram(
    'job_queue_seconds',
    'How long jobs that ended had waited for a place.',
    [],
    WAITING_S,
  );
  const running = histogram(
    'job_running_seconds',
    'How long jobs that ended had run.',
    ['status'],
    WORKING_S,
  );
  const stages = histogram(
    'stage_seconds',
    'How long stages took that ended.',
    ['stage', 'status'],
    WORKING_S,
  );
  const approvals = gauge('approvals_waiting', 'Open requests for approval by gate.', ['gate']);
  const outbox = gauge('outbox_messages', 'Messages that are not delivered, by channel and state.', [
    'channel',
    'state',
  ]);
  const lag = gauge('event_lag_seconds', 'From when the newest event was written to when it was handed out.');
  const streams = gauge('event_streams', 'Open event streams.');
  const cutOff = gauge('event_streams_cut_off', 'Event streams that were cut off because nobody read them.');
  const latency = histogram(
    'http_request_seconds',
    'How long answers took, by pattern of the route and status.',
    ['method', 'route', 'status'],
    ANSWER_S,
  );
  collectDefaultMetrics({ register: registry });

  const counted = countedRuns(store.db, clock.now());
  let mark = '';

  const fillFromRows = async (): Promise<void> => {
    const now_mark = store.readMark();
    if (now_mark === mark) return;
    const ended = await counted.look(clock.now());
    for (const { status } of ended.runs) runsEnded.inc({ status });
    for (const job of ended.jobs) {
      jobsEnded.inc({ status: job.status });
      if (job.queued_s !== null) queue.observe(job.queued_s);
      if (job.running_s !== null) running.observe({ status: job.status }, job.running_s);
    }
    for (const { stage, status, s } of ended.stages) stages.observe({ stage, status }, s);
    fill(runs, await openRunsByStatus(store.db));
    fill(jobs, await openJobs(store.db));
    fill(approvals, await approvalsWaiting(store.db));
    fill(outbox, await outboxOf(store.db));
    mark = now_mark;
  };

  const text = async (): Promise<{ type: string; body: string }> => {
    await fillFromRows();
    const { connections, cut_off, lag_s } = process.live.stats();
    drives.set(process.drives() ? 1 : 0);
    streams.set(connections);
    cutOff.set(cut_off);
    if (lag_s !== null) lag.set(lag_s);
    return { type: registry.contentType, body: await registry.metrics() };
  };

  // Two who look at once count nothing twice.
  let asked: Promise<unknown> = Promise.resolve();
  return {
    answered: ({ method, route, status, s }) => latency.observe({ method, route, status }, s),
    text: () => {
      const next = asked.then(text);
      asked = next.catch(() => undefined);
      return next;
    },
  };
}

/** Counts with their labels; what is gone counts zero no more. */
function fill<L extends string>(
  gauge: Gauge<L>,
  counts: readonly { readonly labels: Readonly<Record<L, string>>; readonly n: number }[],
): void {
  gauge.reset();
  for (const { labels, n } of counts) gauge.set(labels, n);
}
