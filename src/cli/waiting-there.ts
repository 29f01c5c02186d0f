import { ok } from '../client/index.ts';
import type { Client, LiveMessage } from '../client/index.ts';
import { systemClock } from '../kernel/clock.ts';
import { batches } from '../store/index.ts';
import type { NamedJobView, RunRow } from '../views/index.ts';
import { lineTeller } from './on-server.ts';
import { note } from './render/output.ts';
import { tellBuildThere } from './telling-there.ts';
import { nearHint, tellOutcome, unknownJobs, waitingLine } from './wait-outcome.ts';
import type { WaitEnd, WaitOptions } from './wait-outcome.ts';

/** Names that are asked for in one call. */
const AT_ONCE = 2000;
/** So often in a row runs must be over with open jobs before that counts: they are written in two steps. */
const SURELY = 3;
const LOOK_MS = 1000;

/** `trainyard wait` on a server, which goes on with the runs: watches, and tells what the jobs came to. */
export async function waitThere(
  yard: Client,
  names: readonly string[],
  options: WaitOptions,
): Promise<number> {
  const jobs = new Map<string, NamedJobView>();
  const look = async (wanted: readonly string[]): Promise<void> => {
    for (const some of batches(wanted, AT_ONCE)) {
      const { items, unknown, near } = await ok(yard.api.jobs.named.$post({ json: { jobs: [...some] } }));
      if (unknown.length > 0) throw unknownJobs(unknown, names, nearHint(near));
      for (const job of items) jobs.set(job.name, job);
    }
  };
  const open = (): NamedJobView[] => [...jobs.values()].filter((job) => job.ended_at === null);
  await look(names);
  const lookAgain = async (): Promise<boolean> => {
    await look(open().map((job) => job.name));
    return open().length === 0;
  };
  const end = open().length === 0 ? 'over' : await untilOver(yard, { jobs, open, lookAgain }, options);
  const [left] = open();
  const run = end === 'abandoned' && left !== undefined ? await runOf(yard, left) : null;
  const all = [...jobs.values()];
  return tellOutcome(end, all, options, {
    run,
    told: (code) => tellBuildThere(yard, numbersOf(all), { json: options.json, code, jobs: all }),
  });
}

interface Watched {
  readonly jobs: ReadonlyMap<string, NamedJobView>;
  readonly open: () => readonly NamedJobView[];
  /** Looks at those that were open. Returns whether none is any more. */
  readonly lookAgain: () => Promise<boolean>;
}

/** Looks again whenever the server tells of progress, until all are over or there is no point in waiting on. */
async function untilOver(yard: Client, watched: Watched, { timeout_s }: WaitOptions): Promise<WaitEnd> {
  const runs = numbersOf([...watched.jobs.values()]);
  const stop = new AbortController();
  const tellLine = lineTeller();
  let end: WaitEnd | null = null;
  const halt = (why: WaitEnd) => (): void => {
    end ??= why;
    stop.abort();
  };
  const interrupted = halt('interrupted');
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  // Whoever reads this may press Ctrl-C at once.
  note(waitingLine(watched.jobs.size, runs, timeout_s));
  void untilTime(systemClock.now() + timeout_s * 1000, stop.signal).then(halt('timed_out'));
  const [only] = runs;
  const run = runs.length === 1 && only !== undefined ? String(only) : undefined;
  try {
    for await (const message of yard.events({ run, signal: stop.signal })) {
      tellLine(message);
      if (!mayHaveEnded(message)) continue;
      if (await watched.lookAgain()) return 'over';
      if (await isAbandoned(yard, watched, stop.signal))
        return watched.open().length === 0 ? 'over' : 'abandoned';
    }
    return end ?? 'interrupted';
  } finally {
    end ??= 'over';
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    stop.abort();
  }
}

/** A sleep may be cut short where it is very long. */
async function untilTime(at: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && systemClock.now() < at) await systemClock.sleep(at - systemClock.now(), signal);
}

/** Progress is told once a second at most, whatever number of jobs end. */
const mayHaveEnded = (message: LiveMessage): boolean =>
  message.kind === 'event'
    ? /^(?:run|stage)\./.test(message.event.type)
    : ['open', 'progress', 'reset'].includes(message.kind);

/** Whether no run goes on that has an open job, looked at until that is sure. */
async function isAbandoned(
  yard: Client,
  { open, lookAgain }: Watched,
  signal: AbortSignal,
): Promise<boolean> {
  for (let times = 0; times < SURELY; times++) {
    for (const number of numbersOf(open()))
      if ((await ok(yard.api.runs[':run'].$get({ param: { run: String(number) } }))).ended_at === null)
        return false;
    await systemClock.sleep(LOOK_MS, signal);
    if (await lookAgain()) return true;
  }
  return true;
}

const numbersOf = (jobs: readonly NamedJobView[]): number[] => [
  ...new Set(jobs.flatMap(({ run }) => run ?? [])),
];

const runOf = ({ api }: Client, { run }: NamedJobView): Promise<Pick<RunRow, 'number' | 'status'>> =>
  ok(api.runs[':run'].$get({ param: { run: String(run ?? 0) } }));
