import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { ExitWith } from '../exit.ts';
import { take } from '../on-server.ts';
import { ask, collectNamed, commonAnywhere, wholeNumber, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { note, print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const runs = parent
    .command('runs')
    .description('Lists runs; shows, cancels or settles one.')
    .action(async () => {
      await list({ limit: 20 });
    });
  commonAnywhere(
    runs
      .command('list', { isDefault: true })
      .description('the newest runs first')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--status <status>', 'only runs with this status')
      .option('--before <number>', 'runs older than this one', wholeNumber),
    'trainyard runs list --status failed',
  ).action(list);
  commonAnywhere(
    runs
      .command('show')
      .argument('[run]', 'number or id (default: the newest)')
      .description('stages, failures and what it waits for'),
    'trainyard runs show 12',
  ).action(show);
  commonAnywhere(
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
  commonAnywhere(
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
  const { RunStatus } = await import('../../pipelines/index.ts');
  const { UsageError } = await import('../../kernel/errors.ts');
  const parsed = flags.status === undefined ? undefined : RunStatus.safeParse(flags.status);
  if (parsed?.success === false)
    throw new UsageError(`There is no run status ${flags.status}.`, {
      hint: `Use one of ${RunStatus.options.join(', ')}.`,
    });
  const { limit, before } = flags;
  const status = parsed?.data;
  const { runs, next } = await ask(flags, 'read', {
    here: async ({ store: { db } }) => {
      const { listRuns } = await import('../../pipelines/index.ts');
      const { listedRuns } = await import('../../views/index.ts');
      const rows = await listRuns(db, { limit: limit + 1, status, before });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return { runs: await listedRuns(db, shown), next: last?.number ?? null };
    },
    there: async ({ api }) => {
      const page = await take(
        limit,
        (query) => ok(api.runs.$get({ query: { ...query, status } })),
        before?.toString(),
      );
      return { runs: page.items, next: page.next === null ? null : Number(page.next) };
    },
  });
  if (flags.json === true) {
    printJson({ runs, next });
    return;
  }
  if (runs.length === 0) {
    print(
      status === undefined && before === undefined
        ? 'No runs yet. Start one with `trainyard run`.'
        : 'No runs match.',
    );
    return;
  }
  const { moreLine } = await import('../render/more.ts');
  const { runTable } = await import('../render/run.ts');
  print(runTable(runs, systemClock.now()));
  if (next !== null) print(moreLine('runs list', { status, limit, before: next }));
}

async function show(key: string | undefined, flags: CommonOptions): Promise<void> {
  const { runFacts, runScreen } = await import('../render/run.ts');
  const facts = await ask(flags, 'read', {
    here: async (project) => {
      const { getRun, listRuns } = await import('../../pipelines/index.ts');
      const newest = key === undefined ? (await listRuns(project.store.db, { limit: 1 }))[0] : undefined;
      return runFacts(project, newest ?? (await getRun(project.store.db, key ?? '1')));
    },
    there: async (yard) => {
      const { newestRun, runFactsThere } = await import('../there.ts');
      return runFactsThere(yard, key ?? (await newestRun(yard, {})) ?? '1');
    },
  });
  if (flags.json === true) printJson(facts.run);
  else print(runScreen(facts, systemClock.now()).trimStart());
}

async function cancel(
  key: string,
  flags: CommonOptions & { stage?: string; circuits?: readonly string[] },
): Promise<void> {
  const { UsageError } = await import('../../kernel/errors.ts');
  const { stage, circuits } = flags;
  if (stage !== undefined && circuits !== undefined)
    throw new UsageError('--stage and --circuits do not go together.', {
      hint: 'Cancel one after the other.',
    });
  const tell = (run: { readonly number: number }): void => {
    if (flags.json !== true) note(`Canceling ${whatOf(flags)}run ${run.number} …`);
  };
  const { run, requested } = await ask(flags, 'write', {
    here: async (project) => {
      const { cancelCircuits, cancelRun, cancelStage } = await import('../../actions/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { untilOver } = await import('../going-on.ts');
      const before = await getRun(project.store.db, key);
      const actor = await project.actor();
      const canceled =
        stage !== undefined
          ? await cancelStage(project, before, stage, actor)
          : circuits !== undefined
            ? await cancelCircuits(project, before, circuits, actor)
            : await cancelRun(project, before, actor);
      if (canceled.requested) {
        tell(before);
        await untilOver(project, before.id, 'cancel', canceled.over);
      }
      return { run: await getRun(project.store.db, before.id), requested: canceled.requested };
    },
    there: async (yard) => {
      const { cancelThere } = await import('../there.ts');
      return cancelThere(yard, key, { stage, circuits }, tell);
    },
  });
  if (flags.json === true) printJson({ run: run.number, status: run.status, canceled: requested });
  else print(canceledText(run, flags, requested));
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
  const told = (run: { readonly number: number }): string => `Accepted what run ${run.number} came to.`;
  const code = await ask(flags, 'write', {
    here: async (project) => {
      const { acceptPartial: accept } = await import('../../actions/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { goOn } = await import('../going-on.ts');
      const run = await getRun(project.store.db, key);
      const actor = await project.actor();
      await accept(project, run, actor, flags.comment ?? null);
      return goOn(project, run.id, {
        told: told(run),
        wait: true,
        json: flags.json === true,
        document: async (followed) => followed ?? { number: run.number, partial_accepted_by: actor.name },
      });
    },
    there: async ({ api }) => {
      const json = { comment: flags.comment };
      const run = await ok(api.runs[':run']['accept-partial'].$post({ param: { run: key }, json }));
      if (flags.json === true)
        printJson({ number: run.number, partial_accepted_by: run.partial_accepted_by });
      else print(`${told(run)} The server goes on with the run.`);
      return 0;
    },
  });
  if (code !== 0) throw new ExitWith(code);
}
