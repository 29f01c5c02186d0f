import { isRehearsal, planProject, refuseUnknownFailures, resumeRun, startRun } from '../actions/index.ts';
import type { Planned } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { readSealedPlan, refuseIfMoved } from '../fleet/index.ts';
import type { PlanOptions } from '../fleet/index.ts';
import { ciFacts } from '../kernel/ci.ts';
import { ConfigError, ConflictError, EXIT, UsageError } from '../kernel/errors.ts';
import { getRun, holdUnlessServed, openRuns } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import type { RunFlags } from './commands/run.ts';
import { followRuns } from './following.ts';
import { note, noteReading, printJson } from './render/output.ts';
import { planScreen } from './render/plan.ts';
import { runView } from '../views/index.ts';

/**
 * The main road: goes on with what was interrupted, plans, creates a run, and follows it to its end or to where only
 * people can go on. Returns the exit code.
 */
export async function runFleet(project: Project, flags: RunFlags, options: PlanOptions): Promise<number> {
  const json = flags.json === true;
  // Held from here on: two commands at once would plan against each other.
  await using hold = await holdUnlessServed(project.store, project.clock.now(), 'run');
  const resumed = await runsToResume(project, flags);
  let code = resumed.length > 0 ? await followRuns(project, hold, resumed, { json }) : EXIT.ok;
  if (flags.resume !== undefined || code === EXIT.interrupted) {
    if (resumed.length === 0) note('Nothing to resume: no run was interrupted.');
    if (json) printJson({ runs: await documents(project, resumed) });
    return code;
  }
  const run = await planAndStart(project, flags, options);
  // What became of the interrupted ones counts too: a new run in which all went well must not hide that.
  code = Math.max(code, await followRuns(project, hold, [run], { json }));
  if (json) printJson(await runView(project, await getRun(project.store.db, run.id)));
  return code;
}

/** Apart from the waiting that follows, so that a plan of ten thousand circuits is not kept in memory all the while. */
async function planAndStart(project: Project, flags: RunFlags, options: PlanOptions): Promise<Run> {
  const planned = await planFor(project, flags, options);
  if (flags.json !== true) note(planScreen(planned, { verbose: false, sealed: null }));
  return start(project, flags, planned);
}

/** Flags of the rehearsal mean nothing where training is real. @throws UsageError */
export function refuseStraySimulation(provider: string, flags: RunFlags): void {
  const stray = (['fail', 'failRate', 'duration', 'speed'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (flags.resume !== undefined) {
    const other = (
      [
        ['approve', '--approve'],
        ['circuits', '--circuits'],
        ['plan', '--plan'],
        ['pr', '--pr'],
        ['provider', '--provider'],
        ['base', '--base'],
        ['ifChanged', '--if-changed'],
        ['includeFailed', '--include-failed'],
        ['allowWide', '--allow-wide'],
      ] as const
    ).find(([name]) => flags[name] !== undefined);
    if (other !== undefined)
      throw new UsageError(`A run keeps what it was started with; ${other[1]} does not go with --resume.`, {
        hint:
          other[0] === 'approve'
            ? 'Approve what waits with `trainyard approve ID`; list it with `trainyard approvals`.'
            : 'Leave the flag out, or start a new run without --resume.',
      });
  }
  if (stray !== undefined && flags.resume !== undefined)
    throw new UsageError(
      `A run keeps what it is rehearsed with; --${stray === 'failRate' ? 'fail-rate' : stray} does not go with --resume.`,
      {
        hint: 'Start another rehearsal, or leave the flag out.',
      },
    );
  if (stray === undefined || provider === 'simulated') return;
  throw new UsageError(
    `--${stray === 'failRate' ? 'fail-rate' : stray} is for the simulated provider; this run would train on ${provider}.`,
    { hint: 'Add --provider simulated.' },
  );
}

/** Every open run that does not wait for people, or the one asked for; one that gave up is taken up again. */
async function runsToResume(project: Project, flags: RunFlags): Promise<Run[]> {
  if (typeof flags.resume !== 'string') {
    const open = await openRuns(project.store.db, 'train');
    // A rehearsal stands before nothing: it goes on when it is asked for.
    const chosen =
      flags.resume === true ? open : open.filter((r) => r.status !== 'waiting' && r.rehearsal === 0);
    for (const run of isRehearsal(project) && flags.resume === undefined ? [] : chosen)
      note(
        `Going on with run ${run.number}${run.rehearsal === 1 ? ' (rehearsal)' : ''}, which ${run.status === 'waiting' ? 'waits for approval' : 'was interrupted'}.`,
      );
    return isRehearsal(project) && flags.resume === undefined ? [] : chosen;
  }
  const run = await getRun(project.store.db, flags.resume);
  return [await resumeRun(project, run, await project.actor())];
}

async function planFor(project: Project, flags: RunFlags, options: PlanOptions): Promise<Planned> {
  if (flags.plan === undefined) return planProject(project, options, { slow: noteReading });
  const other = ['circuits', 'base', 'ifChanged', 'includeFailed', 'allowWide'].find((name) =>
    Object.hasOwn(flags, name),
  );
  if (other !== undefined || flags.detection !== 'auto') {
    throw new UsageError(
      'A sealed plan is run as it is: the flags that choose circuits do not go with --plan.',
      { hint: 'Give them to `trainyard plan -o FILE` instead.' },
    );
  }
  const sealed = await readSealedPlan(flags.plan);
  const planned = await planProject(project, sealed.options, { pins: sealed.pins, slow: noteReading }).catch(
    (error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConflictError(
        `The sealed plan ${flags.plan} is stale: what it was made from can no longer be used.`,
        {
          hint: 'Put right what is listed, or seal a new plan with `trainyard plan -o FILE`.',
          problems: error.problems,
          cause: error,
        },
      );
    },
  );
  refuseIfMoved(flags.plan, sealed, planned.inputs());
  return planned;
}

async function start(project: Project, flags: RunFlags, planned: Planned): Promise<Run> {
  warnOfStrayFailures(planned, flags.fail ?? []);
  const run = await startRun(project, planned, {
    actor: await project.actor(),
    approve: flags.approve ?? [],
    pr: flags.pr === true || ciFacts(project.env).pr,
  });
  if (isRehearsal(project) && flags.json !== true)
    note('This is a rehearsal: nothing is trained, and its models stay apart (registry rehearsal-dev).');
  return run;
}

/** Failures that are asked for and cannot happen. @throws UsageError for circuits that are not in the fleet */
function warnOfStrayFailures({ plan }: Planned, rules: readonly string[]): void {
  for (const { rule, circuit } of refuseUnknownFailures(plan.circuits, rules))
    note(
      `Nothing will fail by --fail ${rule}: the plan does not train it. Pick it with --circuits ${circuit}.`,
    );
}

const documents = (project: Project, runs: readonly Run[]) =>
  Promise.all(runs.map(async (r) => runView(project, await getRun(project.store.db, r.id))));
