import type { ScriptJob } from './script-job.ts';
import type { Supports } from './script-flags.ts';

/** Settings that reach the scripts which take them; null: not given. */
export interface JobSettings {
  readonly python: string;
  readonly epochs: number | null;
  readonly folds: number | null;
  readonly sample: number | null;
  readonly batch: number | null;
  /** For every script, as they are. */
  readonly extra_args: readonly string[];
}

/**
 * The words of a job's command, run from the project's root. Of a flag that is given several times only the last one
 * counts for a parser, so a job's own arguments come last, and a flag that they hold is not given by us at all.
 */
export function jobCommand(job: ScriptJob, settings: JobSettings): string[] {
  const own = new Set(
    job.args.filter((arg) => arg.startsWith('-')).map((arg) => arg.split('=', 1)[0] ?? arg),
  );
  const values: readonly (readonly [keyof Supports, string | number | null])[] = [
    ['output_dir', `results/${job.output}`],
    ['epochs', settings.epochs],
    ['folds', settings.folds],
    ['sample', settings.sample],
    ['batch', settings.batch],
  ];
  const given = values.flatMap(([name, value]) => {
    const flag = job.supports[name];
    return flag === null || value === null || own.has(flag) ? [] : [flag, String(value)];
  });
  // A name that begins with a dash must not pass for an option of the interpreter.
  const script = job.script.startsWith('-') ? `./${job.script}` : job.script;
  return [settings.python, script, ...given, ...settings.extra_args, ...job.args];
}

/** What of the settings reaches a job, and what a sweep chose for it, by name: what tells it from the others. */
export function jobParameters(job: ScriptJob, settings: JobSettings): Record<string, string> {
  const { epochs, folds, sample, batch } = settings;
  const given = Object.entries({ epochs, folds, sample, batch }).flatMap(([name, value]) =>
    value === null || jobTakes(job, name) === null ? [] : [[name, String(value)] as const],
  );
  return { ...Object.fromEntries(given), ...job.swept };
}

const jobTakes = ({ supports }: ScriptJob, name: string): string | null =>
  Object.entries(supports).find(([key]) => key === name)?.[1] ?? null;

/** A command as one would type it. */
export const shellText = (words: readonly string[]): string =>
  words
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
