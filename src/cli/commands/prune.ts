import type { Command } from 'commander';
import { commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export interface PruneFlags extends CommonOptions {
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
  readonly yes?: boolean;
}

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('prune')
      .description(
        'Removes what `retention` in trainyard.yaml says is old and nothing needs. A worker does so once a day by itself.',
      )
      .option('--dry-run', 'show what would go; remove nothing')
      .option('-v, --verbose', 'each thing with its reason, and what is kept although it is old')
      .option('--yes', 'do not ask, in a terminal'),
    `
    trainyard prune --dry-run
    trainyard prune --dry-run -v
    trainyard prune --yes`,
  ).action(async (flags: PruneFlags) => {
    const { pruneProject } = await import('../pruning.ts');
    await pruneProject(flags);
  });
}
