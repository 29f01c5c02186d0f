import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { collectNamed, common, wholeNumber, withProject, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';

interface RetryFlags extends CommonOptions {
  readonly group?: readonly number[];
  readonly circuits?: readonly string[];
  readonly comment?: string;
  readonly wait: boolean;
}

export function define(parent: Command): void {
  common(
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
    const code = await withProject(flags, 'write', async (project) => {
      const { retry } = await import('../../actions/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { getApproval } = await import('../../gates/index.ts');
      const { approvalRow } = await import('../../views/index.ts');
      const { goOn } = await import('../going-on.ts');
      const { approvalDocument, countsOf } = await import('../deciding.ts');
      const run = await getRun(project.store.db, key);
      const after = await retry(project, run, {
        actor: await project.actor(),
        comment: flags.comment ?? null,
        groups: flags.group,
        circuits: flags.circuits,
      });
      return goOn(project, run.id, {
        told: `Recorded: ${countsOf(after)}.`,
        kind: 'retry',
        wait: flags.wait,
        json: flags.json === true,
        document: async (doc) =>
          approvalDocument(await approvalRow(project, await getApproval(project.store.db, after.id)), doc),
      });
    });
    if (code !== 0) throw new ExitWith(code);
  });
}
