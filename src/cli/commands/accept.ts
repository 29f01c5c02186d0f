import type { Command } from 'commander';
import { commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export interface AcceptFlags extends CommonOptions {
  readonly reason: string;
}

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('accept')
      .argument('<circuit...>', 'circuit ids or globs')
      .requiredOption('--reason <text>', 'why the current model is good for the changed settings')
      .description(
        'Lets the current good model of a circuit stand for its changed settings, on record, instead of training it again.',
      ),
    `
    trainyard accept seattle_wind --reason "only renamed a feature"
    trainyard accept 'seattle_*' --reason "new component version trains the same"`,
  ).action(async (circuits: string[], flags: AcceptFlags) => {
    const { acceptCircuits } = await import('../accepting.ts');
    await acceptCircuits(circuits, flags);
  });
}
