import { z } from 'zod';
import type { ScriptSettings } from '../actions/index.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Sweep } from '../scripts/index.ts';
import { Names } from './fields.ts';

const Count = z.int().min(1).max(1_000_000_000);

/** A value that a script is given: one line without what no terminal shows. */
const Value = z.union([
  z
    .string()
    .min(1)
    .max(200)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\u0000-\u001F\u007F]+$/),
  z.number(),
  z.boolean(),
]);

/**
 * What may be asked of scripts over HTTP: which, and what they are given by options that they declare. What decides which
 * files count as scripts, which interpreter runs them, and what is written outside results/ stands in trainyard.yaml.
 */
export const ScriptRequest = z
  .strictObject({
    only: Names.max(10_000).optional().meta({ description: 'Ids, with or without `train_`; left out: all.' }),
    exclude: Names.max(10_000).optional().meta({ description: 'Not these.' }),
    epochs: Count.optional(),
    folds: Count.optional(),
    sample: Count.optional(),
    batch: Count.optional(),
    parallel: z.boolean().optional().meta({ description: 'Several at once.' }),
    max_workers: Count.max(1000).optional().meta({ description: 'How many at once with `parallel` (4).' }),
    order: z.enum(['longest', 'discovery']).optional(),
    retries: z.int().min(0).max(100).optional(),
    timeout_s: z.number().positive().max(31_536_000).optional().meta({ description: 'Per attempt.' }),
    memory_limit_mib: Count.optional().meta({ description: 'Per job with all its processes.' }),
    gpus: z
      .string()
      .max(200)
      .regex(/^(?:auto|\d{1,3}|[\w-]+(?:,[\w-]+)+,?)$/)
      .optional()
      .meta({ description: '`auto`, how many, or a list such as `0,2`.' }),
    gpus_per_job: Count.max(1000).optional(),
    allow_partial_success: z
      .boolean()
      .optional()
      .meta({ description: 'The run succeeds when at least one script did.' }),
    mark_discovered_optional: z
      .boolean()
      .optional()
      .meta({ description: 'Scripts that no file of jobs defines may fail.' }),
    no_auto_discover: z
      .boolean()
      .optional()
      .meta({ description: 'Only what the file of jobs defines that `scripts.config` names.' }),
    allow_discovery_overrides: z
      .boolean()
      .optional()
      .meta({ description: 'What is discovered wins over a definition of the same id.' }),
    sweep: z
      .record(z.string().regex(/^[A-Za-z][\w-]{0,99}$/), z.array(Value).min(1).max(10_000))
      .default({})
      .meta({ description: 'A job for each combination of values, by option: `{"epochs": [10, 20]}`.' }),
    resume: z
      .boolean()
      .default(false)
      .meta({ description: 'Leaves out what succeeded in the last run, if that was interrupted.' }),
  })
  .meta({ id: 'ScriptRequest', description: 'Which scripts are run, and with what.' });
export type ScriptRequest = z.infer<typeof ScriptRequest>;

/** Under the names of trainyard.yaml; what was not said stays as it is there. */
export function settingsOf(request: ScriptRequest): ScriptSettings {
  const { sweep: _sweep, resume: _resume, timeout_s, memory_limit_mib, ...rest } = request;
  const said = { ...rest, timeout: timeout_s, jobs_memory_limit: memory_limit_mib };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

export const sweepsOf = ({ sweep }: ScriptRequest): Sweep[] =>
  Object.entries(sweep).map(([name, values]) => ({ name, values: [...new Set(values.map(String))] }));

/** Where scripts write is decided by us; a value may not lead them out of the project either. @throws UsageError */
export function refuseLeadingOut({ sweep }: ScriptRequest): void {
  for (const [name, values] of Object.entries(sweep)) {
    if (/^output[_-]dir$/i.test(name))
      throw new UsageError('Where a script writes is not swept: each job has a folder of its own.', {
        hint: 'Leave output_dir out.',
      });
    const out = values
      .map(String)
      .find((value) => /^[/\\~]|^[A-Za-z]:[/\\]|(?:^|[/\\=])\.\.(?:[/\\]|$)/.test(value));
    if (out !== undefined)
      throw new UsageError(`sweep.${name}: ${out} leads out of the project.`, {
        hint: 'Name files by their path from the project.',
      });
  }
}

/** As one would type it, for the record. */
export function argumentsOf({ sweep, timeout_s, memory_limit_mib, ...rest }: ScriptRequest): string[] {
  const typed = {
    ...rest,
    timeout: timeout_s === undefined ? undefined : `${timeout_s}s`,
    jobs_memory_limit: memory_limit_mib === undefined ? undefined : `${memory_limit_mib}M`,
  };
  const flags = Object.entries(typed).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    const flag = `--${name.replaceAll('_', '-')}`;
    return value === true ? [flag] : [flag, ...(Array.isArray(value) ? value : [String(value)])];
  });
  const sweeps = Object.entries(sweep).flatMap(([name, values]) => [
    '--sweep',
    `${name}=${values.join(',')}`,
  ]);
  return [...flags, ...sweeps];
}
