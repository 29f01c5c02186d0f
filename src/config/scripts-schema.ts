import { z } from 'zod';
import { parseDuration } from '../kernel/duration.ts';
import { parseSize } from '../kernel/size.ts';

const positive = (description: string) => z.int().min(1).optional().meta({ description });
const flag = (description: string) => z.boolean().optional().meta({ description });
const text = (description: string) => z.string().min(1).optional().meta({ description });
/** One or several. */
const texts = (description: string) =>
  z
    .union([
      z.array(z.string().min(1)),
      z
        .string()
        .min(1)
        .transform((one) => [one]),
    ])
    .optional()
    .meta({ description });
const read = (parse: (text: string) => number | null, what: string, hint: string, description: string) =>
  z
    .string()
    .transform((value, context) => {
      const parsed = parse(value);
      if (parsed !== null) return parsed;
      context.addIssue({ code: 'custom', message: `must be ${what}, is \`${value}\``, params: { hint } });
      return z.NEVER;
    })
    .optional()
    .meta({ description });

/** The flags of `trainyard scripts`, under their own names. */
export const scriptSettings = {
  only: texts('Only these jobs.'),
  exclude: texts('Not these jobs.'),
  discover_root: texts('Look only below these folders.'),
  include_pattern: texts('More file names than `train_*.py`.'),
  exclude_regex: texts('Leave out paths that match.'),
  discovery_limit: positive('At most so many scripts.'),
  no_auto_discover: flag('Only what `config` defines.'),
  strict_discovery: flag('End with 3 when nothing is found.'),
  config: text('A file with job definitions.'),
  allow_discovery_overrides: flag('Discovery wins over definitions of the same id.'),
  no_default_jobs: flag('Accepted for compatibility.'),
  mark_discovered_optional: flag('What is discovered may fail.'),
  epochs: positive('Epochs, for scripts that take them.'),
  folds: positive('Folds, for scripts that take them.'),
  sample: positive('Sample size, for scripts that take it.'),
  batch: positive('Batch size, for scripts that take it.'),
  extra_arg: texts('Arguments for every script.'),
  extra_args: texts('Arguments for every script, split as a shell does.'),
  python: text('The interpreter.'),
  parallel: flag('Several at once.'),
  max_workers: positive('How many at once with `parallel`; 4 unless told.'),
  order: z.enum(['longest', 'discovery']).optional().meta({ description: 'Which begin.' }),
  retries: z.int().min(0).optional().meta({ description: 'Further attempts after a failure.' }),
  timeout: read(parseDuration, 'a duration', 'Write something like 2h.', 'Per attempt.'),
  jobs_memory_limit: read(parseSize, 'a size', 'Write something like 4G.', 'Per job with all its processes.'),
  gpus: z
    .union([z.string().min(1), z.int().min(0).transform(String)])
    .optional()
    .meta({ description: '`auto`, how many, or a list such as `0,2`.' }),
  gpus_per_job: positive('How many each job gets.'),
  allow_partial_success: flag('End with 0 when at least one script succeeded.'),
  verbose: flag('Show what the scripts print.'),
};

/** What is typed goes before what stands here. */
export const scripts = z
  .strictObject(scriptSettings)
  .prefault({})
  .meta({ description: 'Flags of `trainyard scripts`.' });
