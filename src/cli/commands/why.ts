import type { Command } from 'commander';
import { common, withProject } from '../options.ts';
import { noteReading } from '../render/output.ts';
import { planFlags, planOptions } from './plan.ts';
import type { PlanFlags } from './plan.ts';

export function define(parent: Command): void {
  const command = parent
    .command('why')
    .argument('<circuit>', 'a circuit id')
    .description(
      'Explains what the plan says of one circuit: what was compared, with what, and what differs.',
    );
  common(
    planFlags(command),
    `
    trainyard why seattle_wind
    trainyard why seattle_wind --base origin/main --json`,
  ).action(async (circuit: string, flags: PlanFlags) => {
    await withProject(flags, 'read', async (project) => {
      const { planProject } = await import('../../actions/index.ts');
      const { explain } = await import('../explain.ts');
      await explain(
        project,
        await planProject(project, planOptions(flags, project.config.manual_circuits), { slow: noteReading }),
        circuit,
        flags.json === true,
      );
    });
  });
}
