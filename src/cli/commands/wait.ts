import { Option } from 'commander';
import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { ask, commonAnywhere, duration } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

/** As long as the longest step of an agentless job in Azure DevOps. */
const TIMEOUT_S = 48 * 3600;

interface WaitFlags extends CommonOptions {
  readonly timeout: number;
  readonly continueOnError?: boolean;
}

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('wait')
      .argument(
        '<file>',
        'a JSON list of job names, or an object with that list under `jobs`; - for standard input',
      )
      .description(
        'Waits until the jobs of a file are over and ends with what they came to: 0 all succeeded, 9 some failed, 130 canceled, 10 time is up.',
      )
      .addOption(
        new Option('--timeout <time>', 'how long to wait; nothing is canceled when it is up')
          .argParser(duration)
          .default(TIMEOUT_S, '48h'),
      )
      .option('--continue-on-error', 'say what failed, and end with 0'),
    `
    trainyard wait training_jobs.json
    trainyard wait training_jobs.json --timeout 6h --continue-on-error
    trainyard wait training_jobs.json --json`,
  ).action(async (file: string, flags: WaitFlags) => {
    const { readJobList } = await import('../job-list.ts');
    const json = flags.json === true;
    const names = await readJobList(file);
    if (names.length === 0) {
      const { publish } = await import('../telling.ts');
      const { trainingOutputs } = await import('../../ci/index.ts');
      const outputs = trainingOutputs(false, false);
      await publish(process.env, { outputs, issues: [], page: null, partial: false }, json);
      if (json) printJson({ status: 'succeeded', exit_code: 0, counts: {}, jobs: [] });
      else print('The list is empty: no job to wait for.');
      return;
    }
    const options = {
      timeout_s: flags.timeout,
      continue_on_error: flags.continueOnError === true,
      json,
    };
    const code = await ask(flags, 'write', {
      here: async (project) => {
        const { waitForJobs } = await import('../waiting.ts');
        return waitForJobs(project, names, options);
      },
      there: async (yard) => {
        const { waitThere } = await import('../waiting-there.ts');
        return waitThere(yard, names, options);
      },
    });
    if (code !== 0) throw new ExitWith(code);
  });
}
