import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { collectNamed, common, wholeNumber, withProject, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { note, print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const runs = parent
    .command('runs')
    .description('Lists runs; shows, cancels or settles one.')
    .action(async () => {
      await list({ limit: 20 });
    });
  common(
    runs
      .command('list', { isDefault: true })
      .description('the newest runs first')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--status <status>', 'only runs with this status')
      .option('--before <number>', 'runs older than this one', wholeNumber),
    'trainyard runs list --status failed',
  ).action(list);
  common(
    runs
      .command('show')
      .argument('[run]', 'number or id (default: the newest)')
      .description('stages, failures and what it waits for'),
    'trainyard runs show 12',
  ).action(show);
  common(
    runs
      .command('cancel')
      .argument('<run>', 'number or id')
      .option('--stage <name>', 'only this stage; what comes after goes on with what is there')
      .option(
        '--circuits <ids>',
        'only these circuits: not submitted yet, in flight or parked at a gate',
        collectNamed,
      )
      .description('end a run: its jobs are canceled, nothing of it is offered for retry'),
    `
    trainyard runs cancel 12
    trainyard runs cancel 12 --stage RetryFailedTraining
    trainyard runs cancel 12 --circuits kiln_3,kiln_4`,
  ).action(cancel);
  common(
    runs
      .command('accept-partial')
      .argument('<run>', 'number or id')
      .option('--comment <text>', 'why that is fine', words)
      .description('let promotion go on although circuits failed again'),
    'trainyard runs accept-partial 12 --comment "kiln-3 is down for repair"',
  ).action(acceptPartial);
}

async function list(
  flags: CommonOptions & { limit: number; status?: string; before?: number },
): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { RunStatus, listRuns } = await import('../../pipelines/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const parsed = flags.status === undefined ? undefined : RunStatus.safeParse(flags.status);
    if (parsed?.success === false)
      throw new UsageError(`There is no run status ${flags.status}.`, {
        hint: `Use one of ${RunStatus.options.join(', ')}.`,
      });
    const rows = await listRuns(project.store.db, {
      limit: flags.limit,
      status: parsed?.data,
      before: flags.before,
    });
    if (flags.json === true) {
      const { runRow } = await import('../../views/index.ts');
      printJson({
        runs: rows.map(runRow),
        next: rows.length === flags.limit ? (rows.at(-1)?.number ?? null) : null,
      });
      return;
    }
    if (rows.length === 0) {
      print('No runs yet. Start one with `trainyard run`.');
      return;
    }
    const { table } = await import('../render/table.ts');
    const { clip, status } = await import('../render/style.ts');
    const { formatDuration } = await import('../../kernel/duration.ts');
    const took = (r: (typeof rows)[number]): string =>
      r.started_at === null
        ? ''
        : formatDuration(
            ((r.ended_at === null ? project.clock.now() : Date.parse(r.ended_at)) -
              Date.parse(r.started_at)) /
              1000,
          );
    print(
      table(rows, [
        { title: 'run', value: (r) => String(r.number), align: 'right' },
        { title: 'status', value: (r) => status(r.status) },
        { title: 'started', value: (r) => r.created_at.slice(0, 19).replace('T', ' ') },
        { title: 'took', value: took, align: 'right' },
        { title: 'by', value: (r) => clip(r.requested_by.split('@', 1)[0] ?? '', 16) },
        { title: 'commit', value: (r) => r.git_commit?.slice(0, 10) ?? '' },
        {
          title: '',
          value: (r) =>
            [r.rehearsal === 1 ? 'rehearsal' : '', r.reason ?? ''].filter((t) => t !== '').join(': '),
        },
      ]),
    );
  });
}

async function show(key: string | undefined, flags: CommonOptions): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { getRun, listRuns } = await import('../../pipelines/index.ts');
    const { runSummary } = await import('../render/run.ts');
    const { runView } = await import('../../views/index.ts');
    const newest = key === undefined ? (await listRuns(project.store.db, { limit: 1 }))[0] : undefined;
    const run = newest ?? (await getRun(project.store.db, key ?? '1'));
    if (flags.json === true) printJson(await runView(project, run));
    else print((await runSummary(project, run)).trimStart());
  });
}

async function cancel(
  key: string,
  flags: CommonOptions & { stage?: string; circuits?: readonly string[] },
): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const { cancelCircuits, cancelRun, cancelStage } = await import('../../actions/index.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const { untilOver } = await import('../going-on.ts');
    if (flags.stage !== undefined && flags.circuits !== undefined)
      throw new UsageError('--stage and --circuits do not go together.', {
        hint: 'Cancel one after the other.',
      });
    const run = await getRun(project.store.db, key);
    const actor = await project.actor();
    const canceled =
      flags.stage !== undefined
        ? await cancelStage(project, run, flags.stage, actor)
        : flags.circuits !== undefined
          ? await cancelCircuits(project, run, flags.circuits, actor)
          : await cancelRun(project, run, actor);
    if (canceled.requested) {
      if (flags.json !== true) note(`Canceling ${whatOf(flags)}run ${run.number} …`);
      await untilOver(project, run.id, 'cancel', canceled.over);
    }
    const after = await getRun(project.store.db, run.id);
    if (flags.json === true)
      printJson({ run: after.number, status: after.status, canceled: canceled.requested });
    else print(canceledText(after, flags, canceled.requested));
  });
}

const whatOf = ({ stage, circuits }: { stage?: string; circuits?: readonly string[] }): string =>
  stage !== undefined
    ? `${stage} of `
    : circuits === undefined
      ? ''
      : `${circuits.length === 1 ? circuits[0] : `${circuits.length} circuits`} of `;

function canceledText(
  run: { readonly number: number; readonly status: string },
  flags: { stage?: string; circuits?: readonly string[] },
  requested: boolean,
): string {
  const what = whatOf(flags);
  if (what === '')
    return requested
      ? `Run ${run.number} is ${run.status}.`
      : `Run ${run.number} was over already (${run.status}).`;
  return requested
    ? `Canceled ${what}run ${run.number}, which is ${run.status}.`
    : `There was nothing left to cancel: run ${run.number} is ${run.status}.`;
}

async function acceptPartial(key: string, flags: CommonOptions & { comment?: string }): Promise<void> {
  const code = await withProject(flags, 'write', async (project) => {
    const { acceptPartial: accept } = await import('../../actions/index.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const { goOn } = await import('../going-on.ts');
    const run = await getRun(project.store.db, key);
    const actor = await project.actor();
    await accept(project, run, actor, flags.comment ?? null);
    return goOn(project, run.id, {
      told: `Accepted what run ${run.number} came to.`,
      wait: true,
      json: flags.json === true,
      document: async (followed) => followed ?? { number: run.number, partial_accepted_by: actor.name },
    });
  });
  if (code !== 0) throw new ExitWith(code);
}
