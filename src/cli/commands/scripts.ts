import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseSize } from '../../kernel/size.ts';
import { ExitWith } from '../exit.ts';
import { collectWhole, commonAnywhere, duration, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import type { Report } from '../../actions/index.ts';

/** As typed; what is left out is undefined, so that `scripts:` in trainyard.yaml can say it. */
export interface ScriptFlags extends CommonOptions {
  readonly discoverRoot?: readonly string[];
  readonly includePattern?: readonly string[];
  readonly excludeRegex?: readonly string[];
  readonly discoveryLimit?: number;
  readonly autoDiscover?: boolean;
  readonly strictDiscovery?: boolean;
  readonly config?: string;
  readonly allowDiscoveryOverrides?: boolean;
  readonly defaultJobs?: boolean;
  readonly markDiscoveredOptional?: boolean;
  readonly only?: readonly string[];
  readonly exclude?: readonly string[];
  readonly epochs?: number;
  readonly folds?: number;
  readonly sample?: number;
  readonly batch?: number;
  readonly extraArg?: readonly string[];
  readonly extraArgs?: readonly string[];
  readonly parallel?: boolean;
  readonly maxWorkers?: number;
  readonly retries?: number;
  readonly timeout?: number;
  readonly jobsMemoryLimit?: number;
  readonly gpus?: string;
  readonly gpusPerJob?: number;
  readonly order?: 'longest' | 'discovery';
  readonly resume?: boolean;
  readonly sweep?: readonly string[];
  readonly metric?: string;
  readonly dryRun?: boolean;
  readonly list?: boolean;
  readonly listOnly?: boolean;
  readonly allowPartialSuccess?: boolean;
  readonly verbose?: boolean;
  readonly python?: string;
  readonly report?: readonly Report[];
}

export function define(parent: Command): void {
  const command = parent
    .command('scripts')
    .description(
      "Runs a repository's training scripts (train_*.py) without any config: finds them, gives each the settings it takes, and sums up. Ends with 0 when every mandatory script succeeded, 1 when one failed, 2 for bad usage, 3 when strict discovery found nothing, 130 when interrupted.",
    );
  commonAnywhere(
    command
      .optionsGroup('What is run:')
      .option('--list', 'show the jobs and why they are there; run nothing')
      .option('--list-only', 'the same')
      .option('--dry-run', 'print the exact commands; run nothing')
      .option('--only <ids...>', 'only these jobs, with or without train_; spaces or commas', collectEach)
      .option('--exclude <ids...>', 'not these jobs', collectEach)
      .option('--resume', 'leave out what succeeded in the last run, if that was interrupted')
      .optionsGroup('Where jobs come from:')
      .option('--discover-root <dirs...>', 'look only below these folders', collectEach)
      .option('--include-pattern <glob>', 'more file names than train_*.py; repeatable', collectWhole)
      .option('--exclude-regex <regex>', 'leave out paths that match; repeatable', collectWhole)
      .option('--discovery-limit <n>', 'at most so many scripts', wholeNumber)
      .option('--no-auto-discover', 'only what --config defines')
      .option('--strict-discovery', 'end with 3 when nothing is found')
      .option('--config <file>', 'YAML with job definitions under `jobs:`; they win over discovery')
      .option('--allow-discovery-overrides', 'discovery wins over definitions of the same id')
      .option('--no-default-jobs', 'accepted for compatibility: there are no built-in jobs')
      .option('--mark-discovered-optional', 'what is discovered may fail')
      .optionsGroup('What scripts are given, where they take it:')
      .option('--epochs <n>', 'epochs', wholeNumber)
      .option('--folds <n>', 'folds of a cross-validation', wholeNumber)
      .option('--sample <n>', 'sample size', wholeNumber)
      .option('--batch <n>', 'batch size', wholeNumber)
      .option('--extra-arg <arg>', 'one argument for every script; repeatable', collectWhole)
      .option(
        '--extra-args <line>',
        'arguments for every script, split as a shell does; repeatable',
        collectWhole,
      )
      .option('--python <exe>', 'the interpreter')
      .optionsGroup('Many settings:')
      .option(
        '--sweep <name=values>',
        'a job for each value, as epochs=10,20 or seed=1..5; repeatable: each combination',
        collectWhole,
      )
      .option('--metric <name:goal>', 'rank the jobs by what they report, as mae:min or accuracy:max')
      .optionsGroup('How they run:')
      .option('--parallel', 'several at once')
      .option('--max-workers <n>', 'how many at once with --parallel (4)', wholeNumber)
      .addOption(
        new Option(
          '--order <how>',
          'longest first, by what they took the last time, or as they were found (longest)',
        ).choices(['longest', 'discovery']),
      )
      .option('--retries <n>', 'further attempts after a failure, 2 s apart (0)', count)
      .option('--timeout <time>', 'per attempt, for example 2h', limit)
      .option('--jobs-memory-limit <size>', 'per job with all its processes, for example 4G', memory)
      .option('--gpus <which>', 'auto, how many, or a list such as 0,2: each job gets its own')
      .option('--gpus-per-job <n>', 'how many each gets (1)', wholeNumber)
      .option('--allow-partial-success', 'end with 0 when at least one script succeeded')
      .optionsGroup('What is told:')
      .option('--verbose', 'the output of the scripts too')
      .option(
        '--report <form=file>',
        'also write junit=FILE, markdown=FILE or json=FILE; repeatable',
        report,
      ),
    `
    trainyard scripts --list
    trainyard scripts --list-only --exclude slow --discovery-limit 20
    trainyard scripts --only als brain_mri --epochs 5 --folds 3 --sample 1000 --batch 32 --dry-run
    trainyard scripts --parallel --max-workers 4 --retries 1 --order discovery --verbose
    trainyard scripts --discover-root training scripts --exclude-regex 'old|slow' --strict-discovery
    trainyard scripts --include-pattern 'fit_*.py' --mark-discovered-optional --allow-partial-success
    trainyard scripts --config jobs.yaml --no-auto-discover --no-default-jobs
    trainyard scripts --config jobs.yaml --allow-discovery-overrides --python .venv/bin/python
    trainyard scripts --extra-arg=--seed=7 --extra-args '--note "first try"'
    trainyard scripts --timeout 2h --jobs-memory-limit 4G --gpus auto --gpus-per-job 1
    trainyard scripts --only als --sweep epochs=10,20,50 --sweep seed=1..5 --metric mae:min
    trainyard scripts --resume --report junit=report.xml --report markdown=report.md`,
  ).action(async (flags: ScriptFlags) => {
    const { scripts } = await import('../scripting.ts');
    const code = await scripts(flags);
    if (code !== 0) throw new ExitWith(code);
  });
}

/** `--only a b --only c` is one list. */
const collectEach = (value: string, before: readonly string[] = []): string[] => [...before, value];

function count(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 0) throw new InvalidArgumentError('Give a whole number from 0.');
  return n;
}

function limit(value: string): number {
  const seconds = duration(value);
  if (seconds <= 0) throw new InvalidArgumentError('Give a time longer than nothing.');
  return seconds;
}

/** In MiB. */
function memory(value: string): number {
  const size = parseSize(value);
  if (size === null) throw new InvalidArgumentError('Give a size such as 512M or 4G.');
  return size;
}

function report(value: string, before: readonly Report[] = []): Report[] {
  const [form, ...rest] = value.split('=');
  const file = rest.join('=');
  if ((form !== 'junit' && form !== 'markdown' && form !== 'json') || file === '')
    throw new InvalidArgumentError('Give junit=FILE, markdown=FILE or json=FILE.');
  return [...before, { form, file }];
}
