import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { ask, commonAnywhere } from '../options.ts';
import { noteReading, printJson } from '../render/output.ts';
import { planFlags, planOptions } from './plan.ts';
import type { PlanFlags } from './plan.ts';

export function define(parent: Command): void {
  const command = parent
    .command('why')
    .argument('<circuit>', 'a circuit id')
    .description(
      'Explains what the plan says of one circuit: what was compared, with what, and what differs.',
    );
  commonAnywhere(
    planFlags(command),
    `
    trainyard why seattle_wind
    trainyard why seattle_wind --base origin/main --json`,
  ).action(async (circuit: string, flags: PlanFlags) => {
    const id = circuit.replace('/', '_');
    const why = await ask(flags, 'read', {
      here: async (project) => {
        const { planProject } = await import('../../actions/index.ts');
        const { NotFoundError } = await import('../../kernel/errors.ts');
        const { didYouMean } = await import('../../kernel/suggest.ts');
        const { whyView } = await import('../../views/index.ts');
        const options = planOptions(flags, project.config.manual_circuits);
        const { plan, fleet } = await planProject(project, options, { slow: noteReading });
        const planned = plan.circuits.find((c) => c.id === id);
        if (planned === undefined)
          throw new NotFoundError(`There is no circuit ${circuit} in ${fleet.file}.`, {
            hint: didYouMean(id, fleet.by_id.keys()) ?? `See which there are in ${fleet.file}.`,
          });
        return whyView(project, { ...planned, changes: [...planned.changes] }, fleet.file);
      },
      there: async (yard) => {
        const { makePlanThere } = await import('../plan-there.ts');
        const { plan_id } = await makePlanThere(yard, flags);
        const param = { plan_id, circuit: id };
        return ok(yard.api.plans[':plan_id'].circuits[':circuit'].$get({ param }));
      },
    });
    if (flags.json === true) {
      printJson(why);
      return;
    }
    const { explain } = await import('../explain.ts');
    explain(why);
  });
}
