import type { Command } from 'commander';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { noteReading } from '../render/output.ts';

export function define(parent: Command): void {
  const command = parent
    .command('accept')
    .argument('<circuit...>', 'circuit ids or globs')
    .requiredOption('--reason <text>', 'why the current model is good for the changed settings')
    .description(
      'Lets the current good model of a circuit stand for its changed settings, on record, instead of training it again.',
    );
  common(
    command,
    `
    trainyard accept seattle_wind --reason "only renamed a feature"
    trainyard accept 'seattle_*' --reason "new component version trains the same"`,
  ).action(async (circuits: string[], flags: CommonOptions & { reason: string }) => {
    await withProject(flags, 'write', async (project) => {
      const { planProject } = await import('../../actions/index.ts');
      const { acceptCircuits } = await import('../accepting.ts');
      const planned = await planProject(
        project,
        {
          detection: 'hash',
          base_ref: null,
          circuits: [],
          if_changed: false,
          include_failed: false,
          allow_wide: null,
        },
        { slow: noteReading },
      );
      await acceptCircuits(project, planned, circuits, flags.reason, flags.json === true);
    });
  });
}
