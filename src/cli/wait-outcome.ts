import { groupFailures } from '../ci/index.ts';
import type { Failure } from '../ci/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { EXIT } from '../kernel/errors.ts';
import { formatDuration } from '../kernel/duration.ts';
import { countsText } from '../pipelines/index.ts';
import type { NamedJobView } from '../views/index.ts';
import { print, printJson } from './render/output.ts';
import { someOf } from './render/style.ts';

export interface WaitOptions {
  readonly timeout_s: number;
  readonly continue_on_error: boolean;
  readonly json: boolean;
}

/** How a wait ended. `abandoned`: jobs are open in runs that are over, so that nothing will end them. */
export type WaitEnd = 'over' | 'timed_out' | 'interrupted' | 'abandoned';

/** Tells what the jobs came to, and returns it as an exit code. `told`: what else is to be told before a document is. */
export async function tellOutcome(
  end: WaitEnd,
  jobs: readonly NamedJobView[],
  options: WaitOptions,
  {
    run,
    told = async () => undefined,
  }: {
    /** A run that is over with open jobs. */
    readonly run: { readonly number: number; readonly status: string } | null;
    readonly told?: (code: number) => Promise<void>;
  },
): Promise<number> {
  const outcome = outcomeOf(end, jobs);
  const code = options.continue_on_error && (end === 'over' || end === 'abandoned') ? EXIT.ok : outcome.code;
  if (!options.json) tell(end, jobs, options, run);
  await told(code);
  if (options.json)
    printJson({
      status: outcome.status,
      exit_code: code,
      counts: countsOf(jobs),
      jobs: jobs.map(({ cause: _cause, ...job }) => job),
    });
  return code;
}

/** Circuits that are optional decide nothing. */
function outcomeOf(
  end: WaitEnd,
  jobs: readonly NamedJobView[],
): { readonly status: string; readonly code: number } {
  if (end === 'interrupted') return { status: end, code: EXIT.interrupted };
  if (end === 'timed_out') return { status: end, code: EXIT.wait_timed_out };
  const mandatory = jobs.filter((job) => !job.optional);
  if (end === 'abandoned' || mandatory.some((job) => job.status === 'failed'))
    return { status: end === 'abandoned' ? end : 'failed', code: EXIT.work_failed };
  if (mandatory.some((job) => job.status === 'canceled'))
    return { status: 'canceled', code: EXIT.interrupted };
  return { status: 'succeeded', code: EXIT.ok };
}

const MOST_CAUSES = 10;

function tell(
  end: WaitEnd,
  jobs: readonly NamedJobView[],
  { timeout_s, continue_on_error }: WaitOptions,
  run: { readonly number: number; readonly status: string } | null,
): void {
  print(`${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}: ${countsText(countsOf(jobs))}.`);
  const failures = failuresAmong(jobs);
  const groups = groupFailures(failures);
  for (const { cause, failures: members } of groups.slice(0, MOST_CAUSES)) {
    const [first] = members;
    print(`  ✗ ${cause}`);
    print(
      `      ${someOf(
        members.map((f) => f.job + (f.optional ? ' (optional)' : '')),
        5,
      )}`,
    );
    if (first !== undefined) print(`      trainyard jobs logs ${first.job}`);
  }
  if (groups.length > MOST_CAUSES)
    print(`    … and ${groups.length - MOST_CAUSES} more causes: trainyard jobs list --status failed`);
  const names = someOf(
    jobs.filter((job) => job.ended_at === null).map((job) => job.name),
    5,
  );
  if (end === 'timed_out')
    print(
      `Still going after ${formatDuration(timeout_s)}: ${names}. Nothing was canceled; the same command waits on.`,
    );
  if (end === 'interrupted') print('Stopped waiting. The jobs go on.');
  if (end === 'abandoned' && run !== null)
    print(
      `Run ${run.number} is over (${run.status}) and these never ended: ${names}. See trainyard runs show ${run.number}`,
    );
  if (continue_on_error && end === 'over' && failures.length > 0)
    print('Exit code 0 all the same, as --continue-on-error asks.');
}

/** Those that failed, in the facts that a build is told. */
export const failuresAmong = (jobs: readonly NamedJobView[]): Failure[] =>
  jobs
    .filter((job) => job.status === 'failed')
    .map(({ circuit, name, attempts, message, cause, optional }) => ({
      circuit,
      job: name,
      attempts,
      message,
      cause: cause?.title ?? 'failed',
      signature: cause?.signature ?? '',
      optional,
    }));

function countsOf(jobs: readonly NamedJobView[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of jobs) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Where they are waited for, and for how long. */
export const waitingLine = (jobs: number, runs: readonly number[], timeout_s: number): string =>
  `Waiting for ${jobs} ${jobs === 1 ? 'job' : 'jobs'} of ${runs.length === 1 ? 'run' : 'runs'} ${someOf(
    runs.map(String),
    10,
  )}, at most ${formatDuration(timeout_s)}.`;

/** Some of `names` are those of no job. */
export const unknownJobs = (
  unknown: readonly string[],
  names: readonly string[],
  hint: string,
): NotFoundError =>
  new NotFoundError(
    unknown.length === 1
      ? `There is no job ${unknown[0]}.`
      : `There are no jobs ${someOf(unknown, 3)}: ${unknown.length} of ${names.length} names are unknown.`,
    { hint, details: { unknown } },
  );

/** What to do about names that are not known. */
export const nearHint = (near: readonly string[]): string =>
  near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'List them with `trainyard jobs list`.';
