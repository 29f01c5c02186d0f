import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { common, wholeNumber, withProject } from '../options.ts';
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
      .description('end a run: its jobs are canceled, nothing of it is offered for retry'),
    'trainyard runs cancel 12',
  ).action(cancel);
  common(
    runs
      .command('accept-partial')
      .argument('<run>', 'number or id')
      .option('--comment <text>', 'why that is fine')
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
      printJson({
        runs: rows.map(({ lease_token: _t, lease_owner: _o, lease_expires_at: _e, ...r }) => ({
          ...r,
          pr: r.pr === 1,
          rehearsal: r.rehearsal === 1,
        })),
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
    const { runDocument, runSummary } = await import('../render/run.ts');
    const newest = key === undefined ? (await listRuns(project.store.db, { limit: 1 }))[0] : undefined;
    const run = newest ?? (await getRun(project.store.db, key ?? '1'));
    if (flags.json === true) printJson(await runDocument(project, run));
    else print((await runSummary(project, run)).trimStart());
  });
}

async function cancel(key: string, flags: CommonOptions): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const { currentHolder, driveRuns, getRun, holdProject, requestCancel } =
      await import('../../pipelines/index.ts');
    const run = await getRun(project.store.db, key);
    const actor = await project.actor();
    const open = await project.store.tx((tx) => requestCancel(tx, project.clock.now(), run, actor.name));
    if (open && (await currentHolder(project.store)) === null) {
      note(`Canceling run ${run.number} …`);
      await using hold = await holdProject(project.store, project.clock.now(), 'cancel');
      await driveOne(project, run.id, (signal) =>
        driveRuns(project.world, hold, signal, 'aborted', { run_id: run.id }),
      );
    } else if (open) await untilOver(project, run.id);
    const after = await getRun(project.store.db, run.id);
    if (flags.json === true) printJson({ run: after.number, status: after.status });
    else
      print(
        open
          ? `Run ${after.number} is ${after.status}.`
          : `Run ${after.number} was over already (${after.status}).`,
      );
  });
}

type Open = Parameters<Parameters<typeof withProject>[2]>[0];

/** Drives until one run is over, leaving the others where they are. */
async function driveOne(
  project: Open,
  run_id: string,
  drive: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const over = untilOver(project, run_id).then(() => stop.abort());
  await Promise.all([drive(stop.signal), over]);
}

async function untilOver(project: Open, run_id: string): Promise<void> {
  const { getRun } = await import('../../pipelines/index.ts');
  while ((await getRun(project.store.db, run_id)).ended_at === null) await project.clock.sleep(100);
}

async function acceptPartial(key: string, flags: CommonOptions & { comment?: string }): Promise<void> {
  const code = await withProject(flags, 'write', async (project) => {
    const {
      acceptPartial: accept,
      currentHolder,
      getRun,
      holdProject,
    } = await import('../../pipelines/index.ts');
    const run = await getRun(project.store.db, key);
    const actor = await project.actor();
    await project.store.tx((tx) => accept(tx, project.clock.now(), run, actor.name, flags.comment ?? null));
    if ((await currentHolder(project.store)) !== null) {
      print(`Accepted; the process that holds the project goes on with run ${run.number}.`);
      return 0;
    }
    const { followRuns } = await import('../following.ts');
    await using hold = await holdProject(project.store, project.clock.now(), 'approve');
    const ended = await followRuns(project, hold, [await getRun(project.store.db, run.id)], {
      json: flags.json === true,
    });
    if (flags.json === true) {
      const { runDocument } = await import('../render/run.ts');
      printJson(await runDocument(project, await getRun(project.store.db, run.id)));
    }
    return ended;
  });
  if (code !== 0) throw new ExitWith(code);
}
