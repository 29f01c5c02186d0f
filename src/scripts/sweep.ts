import { createHash } from 'node:crypto';
import { UsageError } from '../kernel/errors.ts';
import type { ScriptJob } from './script-job.ts';

/** One parameter and the values it takes in turn. */
export interface Sweep {
  readonly name: string;
  readonly values: readonly string[];
}

/** More jobs than this are a slip of the pen. */
const MOST_JOBS = 10_000;

/**
 * Reads `epochs=10,20,50` or `seed=1..5`.
 * @throws UsageError
 */
export function parseSweep(text: string): Sweep {
  const [, name, list] = /^(?:--)?([A-Za-z][\w-]*)=(.+)$/s.exec(text) ?? [];
  const values = list === undefined ? [] : list.split(',').flatMap((part) => range(part.trim()));
  if (name === undefined || values.length === 0 || values.includes(''))
    throw new UsageError(`--sweep ${text} names no values.`, {
      hint: 'For example: --sweep epochs=10,20,50 or --sweep seed=1..5',
    });
  return { name, values: [...new Set(values)] };
}

function range(part: string): string[] {
  const [, from, to] = /^(-?\d+)\.\.(-?\d+)$/.exec(part) ?? [];
  if (from === undefined || to === undefined) {
    if (/^-?[\d.]+\.\.-?[\d.]+$/.test(part))
      throw new UsageError(`--sweep: ${part} is no range of whole numbers.`, {
        hint: 'Name the values one by one: --sweep ridge=0.1,0.5,1',
      });
    return [part];
  }
  const [first, last] = [Number(from), Number(to)];
  if (Math.abs(last - first) >= MOST_JOBS)
    throw new UsageError(`${part} are ${Math.abs(last - first) + 1} values.`, {
      hint: `At most ${MOST_JOBS} jobs are made.`,
    });
  const step = first <= last ? 1 : -1;
  return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => String(first + i * step));
}

/**
 * One job for each combination of values, with an id and a folder for results of its own. A script that does not take
 * a parameter is not multiplied by it.
 * @throws UsageError when a parameter reaches no script at all, or there are too many combinations
 */
export function expandSweeps(jobs: readonly ScriptJob[], sweeps: readonly Sweep[]): ScriptJob[] {
  const twice = sweeps.find(({ name }, i) => sweeps.findIndex((sweep) => sweep.name === name) < i);
  if (twice !== undefined)
    throw new UsageError(`--sweep ${twice.name} is given twice.`, {
      hint: `Put all values into one: --sweep ${twice.name}=…`,
    });
  for (const { name } of sweeps) {
    if (jobs.length > 0 && !jobs.some((job) => flagFor(job, name) !== null))
      throw new UsageError(`--sweep ${name}: none of the scripts takes --${name}.`, {
        hint: 'Which flags a script takes is shown by `trainyard scripts --list`, or by its own --help.',
      });
  }
  let made = 0;
  const expanded = jobs.flatMap((job) => {
    const mine = sweeps.flatMap((sweep) => {
      const flag = flagFor(job, sweep.name);
      return flag === null ? [] : [{ ...sweep, flag }];
    });
    const count = mine.reduce((product, sweep) => product * sweep.values.length, 1);
    if (count > MOST_JOBS)
      throw new UsageError(`The sweep makes ${count} jobs of ${job.id}.`, {
        hint: `At most ${MOST_JOBS} are made.`,
      });
    made += count;
    if (made > MOST_JOBS)
      throw new UsageError(`The sweep makes more than ${MOST_JOBS} jobs.`, {
        hint: 'Choose fewer scripts or fewer values.',
      });
    return combinations(mine).map((chosen): ScriptJob => {
      if (chosen.length === 0) return job;
      const label = labelOf(chosen);
      return {
        ...job,
        id: `${job.id}__${label}`,
        name: `${job.name} (${chosen.map(({ name, value }) => `${name} ${value}`).join(', ')})`,
        output: `${job.output}/${label}`,
        // Last, so that they win over a default among the job's own arguments.
        args: [
          ...job.args,
          ...chosen.flatMap(({ flag, value }) =>
            value.startsWith('-') ? [`${flag}=${value}`] : [flag, value],
          ),
        ],
        swept: Object.fromEntries(chosen.map(({ name, value }) => [name, value])),
        reason: `${job.reason}; sweep`,
      };
    });
  });
  const ids = new Set<string>();
  for (const { id } of expanded) {
    if (ids.has(id))
      throw new UsageError(`Two values of a sweep give the same id ${id}.`, {
        hint: 'Use values that differ in letters, digits, "." or "-".',
      });
    ids.add(id);
  }
  return expanded;
}

/** Long ones by a piece of their digest: it becomes the name of a file. */
function labelOf(chosen: readonly Chosen[]): string {
  const text = chosen.map(({ name, value }) => `${name}-${value}`).join('_');
  const label = text.replaceAll(/[^\w.-]+/g, '_');
  return label.length <= 80 ? label : createHash('sha256').update(text).digest('hex').slice(0, 12);
}

interface Chosen {
  readonly name: string;
  readonly flag: string;
  readonly value: string;
}

function combinations(sweeps: readonly (Sweep & { readonly flag: string })[]): Chosen[][] {
  return sweeps.reduce<Chosen[][]>(
    (before, { name, flag, values }) =>
      before.flatMap((chosen) => values.map((value) => [...chosen, { name, flag, value }])),
    [[]],
  );
}

/** The flag as the script spells it; null: it does not take it. */
function flagFor(job: ScriptJob, name: string): string | null {
  const known = Object.entries(job.supports).find(([key]) => key === name)?.[1];
  if (typeof known === 'string') return known;
  const spellings = [`--${name}`, `--${name.replaceAll('_', '-')}`, `--${name.replaceAll('-', '_')}`];
  const found = spellings.find((flag) => job.flags.includes(flag));
  // Of a script whose options nobody could read it is believed that it takes what it is given.
  return found ?? (job.flags_known ? null : (spellings[0] ?? null));
}
