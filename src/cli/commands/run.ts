import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import {
  ask,
  collect,
  collectWhole,
  commonAnywhere,
  duration,
  positive,
  share,
  wholeNumber,
} from '../options.ts';
import { planFlags, planOptions } from './plan.ts';
import type { PlanFlags } from './plan.ts';

export interface RunFlags extends PlanFlags {
  readonly plan?: string;
  readonly resume?: string | true;
  readonly approve?: readonly string[];
  readonly pr?: boolean;
  readonly provider?: string;
  readonly maxWorkers?: number;
  readonly fail?: readonly string[];
  readonly failRate?: number;
  readonly duration?: number;
  readonly speed?: number;
}

export function define(parent: Command): void {
  const command = parent
    .command('run')
    .description(
      'Trains what needs training, registers the models and promotes what is approved. Goes on first with a run that was interrupted.',
    );
  commonAnywhere(
    planFlags(command)
      .option('--plan <file>', 'run exactly this sealed plan, or refuse and say what moved')
      .option('--resume [run]', 'only go on with what was interrupted (all, or one run)')
      .option('--approve <gate>', 'approve a gate in advance (or all); repeatable', collect)
      .option('--pr', 'a pull-request run: its models never count as good and are not promoted')
      .option('--provider <name>', 'where to train: local or simulated')
      .option('--max-workers <n>', 'jobs at a time', wholeNumber)
      .option(
        '--fail <circuit>',
        'simulated provider: this circuit fails (ID, ID:attempts or ID=text); repeatable',
        collectWhole,
      )
      .option('--fail-rate <share>', 'simulated provider: this share of attempts fails', share)
      .option('--duration <time>', 'simulated provider: how long a job takes, in virtual time', duration)
      .option('--speed <n>', 'simulated provider: virtual seconds per second', positive),
    `
    trainyard run
    trainyard run --approve all
    trainyard run --circuits newyork_wind,seattle_wind
    trainyard run --resume
    trainyard run --provider simulated --fail-rate 5% --fail seattle_wind`,
  ).action(async (flags: RunFlags) => {
    const overrides = {
      provider: flags.provider,
      max_workers: flags.maxWorkers,
      fail: flags.fail,
      fail_rate: flags.failRate,
      duration_s: flags.duration,
      speed: flags.speed,
    };
    const code = await ask({ ...flags, overrides }, 'write', {
      here: async (project) => {
        const { refuseStraySimulation, runFleet } = await import('../running.ts');
        refuseStraySimulation(project.config.provider, flags);
        return runFleet(project, flags, planOptions(flags, project.config.manual_circuits));
      },
      there: async (yard) => {
        const { runThere } = await import('../running-there.ts');
        return runThere(yard, flags);
      },
    });
    if (code !== 0) throw new ExitWith(code);
  });
}
