import { Option } from 'commander';
import type { Command } from 'commander';
import type { PlanOptions } from '../../fleet/index.ts';
import { EXIT } from '../../kernel/errors.ts';
import { ExitWith } from '../exit.ts';
import { noteReading, print } from '../render/output.ts';
import { ask, collectWhole, commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export interface PlanFlags extends CommonOptions {
  readonly circuits?: readonly string[];
  readonly detection: 'auto' | 'git' | 'hash';
  readonly base?: string;
  readonly ifChanged?: boolean;
  readonly includeFailed?: boolean;
  readonly allowWide?: string;
}

/** The flags that decide what is trained; the same for `plan` and `run`. */
export function planFlags(command: Command): Command {
  return command
    .option(
      '--circuits <ids>',
      'train exactly these: ids, plant/circuit or globs, comma separated; AUTO: detect',
      collectWhole,
    )
    .addOption(
      new Option('--detection <how>', 'how changes are explained')
        .choices(['auto', 'git', 'hash'])
        .default('auto'),
    )
    .option('--base <ref>', 'compare with this commit, branch or tag (detection git)')
    .option('--if-changed', 'of the circuits picked by hand, only those that changed')
    .option('--include-failed', 'train at once what failed at these very settings before')
    .option('--allow-wide <reason>', 'retrain more of the fleet than max_changed allows');
}

/** Flags first, then what a CI system says in `manualCircuits`. */
export function planOptions(flags: PlanFlags, manual_circuits: string | null): PlanOptions {
  const circuits = flags.circuits ?? (manual_circuits === null ? [] : [manual_circuits]);
  return {
    detection: flags.detection,
    base_ref: flags.base ?? null,
    circuits: [...circuits],
    if_changed: flags.ifChanged === true,
    include_failed: flags.includeFailed === true,
    allow_wide: flags.allowWide ?? null,
  };
}

export function define(parent: Command): void {
  const command = parent
    .command('plan')
    .description('Shows which circuits need training, and why. Changes nothing.');
  commonAnywhere(
    planFlags(command)
      .option('-o, --out <file>', 'seal the plan into a file for `trainyard run --plan FILE`')
      .option('--exit-code', 'end with 20 when there is something to train')
      .option('-v, --verbose', 'every circuit that is trained, with every field that changed'),
    `
    trainyard plan
    trainyard plan --base origin/main
    trainyard plan --circuits 'seattle_*' --if-changed
    trainyard plan -o plan.json && trainyard run --plan plan.json
    trainyard plan --json --exit-code`,
  ).action(async (flags: PlanFlags & { out?: string; exitCode?: boolean; verbose?: boolean }) => {
    const { verbose = false, json = false } = flags;
    const { guard, summary } = await ask(flags, 'read', {
      here: async (project) => {
        const { planProject } = await import('../../actions/index.ts');
        const { planDocument, planScreen } = await import('../render/plan.ts');
        const planned = await planProject(project, planOptions(flags, project.config.manual_circuits), {
          slow: noteReading,
        });
        if (flags.out !== undefined) {
          const { sealPlan, writeSealedPlan } = await import('../../fleet/index.ts');
          const { toIso } = await import('../../kernel/clock.ts');
          const { plan, options } = planned;
          const now = toIso(project.clock.now());
          await writeSealedPlan(flags.out, sealPlan(now, plan, options, planned.inputs()));
        }
        if (json) await planDocument(planned);
        else print(planScreen(planned, { verbose, sealed: flags.out ?? null }).trimEnd());
        return planned.plan;
      },
      there: async (yard) => {
        const { circuitsOf, factsOf, makePlanThere, refuseThere } = await import('../plan-there.ts');
        const { planText, writePlan } = await import('../render/plan.ts');
        refuseThere(flags, ['out']);
        const plan = await makePlanThere(yard, flags);
        const circuits = circuitsOf(yard, plan.plan_id);
        if (json) await writePlan(factsOf(plan), circuits);
        else {
          const all = verbose ? await Array.fromAsync(circuits) : null;
          print(planText(factsOf(plan), { circuits: all, sealed: null }).trimEnd());
        }
        return plan;
      },
    });
    if (guard.blocked) throw new ExitWith(EXIT.blocked_by_guard);
    if (flags.exitCode === true && summary.train > 0) throw new ExitWith(EXIT.plan_has_changes);
  });
}
