import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { ok } from '../../client/index.ts';
import { ask, collectNamed, commonAnywhere, wholeNumber, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';

interface RetryFlags extends CommonOptions {
  readonly group?: readonly number[];
  readonly circuits?: readonly string[];
  readonly comment?: string;
  readonly wait: boolean;
}

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('retry')
      .argument('<run>', 'number or id')
      .description(
        'Trains failed circuits of a run again, with the same settings and data. Counts as an approval at gate training-retry.',
      )
      .option(
        '--group <n>',
        'only the failures of this group, as `trainyard failures` numbers them; repeatable',
        (value: string, before: readonly number[] = []) => [...before, ...value.split(',').map(wholeNumber)],
      )
      .option('--circuits <ids>', 'only these circuits', collectNamed)
      .option('--comment <text>', 'why, on record', words)
      .option('--no-wait', 'only record it; do not go on with the run here'),
    `
    trainyard retry 12
    trainyard retry 12 --group 1
    trainyard retry 12 --circuits kiln_3,kiln_4 --comment "the node is back"`,
  ).action(async (key: string, flags: RetryFlags) => {
    const { comment, group: groups, circuits, json = false } = flags;
    const code = await ask(flags, 'write', {
      here: async (project) => {
        const { retry } = await import('../../actions/index.ts');
        const { getRun } = await import('../../pipelines/index.ts');
        const { getApproval } = await import('../../gates/index.ts');
        const { approvalRow } = await import('../../views/index.ts');
        const { goOn } = await import('../going-on.ts');
        const { approvalDocument, countsOf } = await import('../deciding.ts');
        const run = await getRun(project.store.db, key);
        const actor = await project.actor();
        const after = await retry(project, run, { actor, comment: comment ?? null, groups, circuits });
        return goOn(project, run.id, {
          told: `Recorded: ${countsOf(after)}.`,
          kind: 'retry',
          wait: flags.wait,
          json,
          document: async (doc) =>
            approvalDocument(await approvalRow(project, await getApproval(project.store.db, after.id)), doc),
        });
      },
      there: async ({ api }) => {
        const { tellRecorded } = await import('../deciding.ts');
        const chosen = { comment, groups: groups && [...groups], circuits: circuits && [...circuits] };
        const { approval } = await ok(api.runs[':run'].retry.$post({ param: { run: key }, json: chosen }));
        tellRecorded(approval, json);
        return 0;
      },
    });
    if (code !== 0) throw new ExitWith(code);
  });
}
