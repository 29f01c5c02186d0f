import { UsageError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import { stemOf, withoutTrain } from './script-job.ts';
import type { ScriptJob } from './script-job.ts';

/** What tells jobs apart. */
type Named = Pick<ScriptJob, 'id' | 'script'>;

/**
 * The jobs that `--only` names, less those that `--exclude` does. Ids match in any case, with or without `train_`, and by
 * the bare file name where folders were put before it.
 * @throws UsageError naming every id that is unknown, with the nearest ones
 */
export function selectJobs<T extends Named>(
  jobs: readonly T[],
  selection: { readonly only: readonly string[]; readonly exclude: readonly string[] },
): T[] {
  const names = new Map(jobs.map((job) => [job, spellings(job)]));
  const unknown: string[] = [];
  const named = (ids: readonly string[]): Set<T> => {
    const found = new Set<T>();
    for (const id of ids.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '')) {
      const wanted = id.toLowerCase();
      const matches = jobs.filter((job) => names.get(job)?.has(wanted) === true);
      if (matches.length === 0) unknown.push(id);
      for (const job of matches) found.add(job);
    }
    return found;
  };
  const only = named(selection.only);
  const exclude = named(selection.exclude);
  if (unknown.length > 0) throw unknownIds(unknown, jobs);
  const asked = selection.only.some((text) => text.trim() !== '');
  return jobs.filter((job) => (!asked || only.has(job)) && !exclude.has(job));
}

function spellings(job: Named): Set<string> {
  const whole = job.id.toLowerCase();
  const bare = stemOf(job.script).toLowerCase();
  const found = new Set([whole, withoutTrain(whole), `train_${whole}`]);
  // A job that was given an id of its own does not answer to its file's name.
  if (whole.endsWith(bare)) for (const name of [bare, withoutTrain(bare)]) found.add(name);
  return found;
}

function unknownIds(unknown: readonly string[], jobs: readonly Named[]): UsageError {
  const ids = jobs.map((job) => job.id);
  const told = unknown.map((id) => {
    const near = nearest(id, [...ids, ...ids.map(withoutTrain)]);
    return near.length === 0 ? id : `${id} (near: ${near.join(', ')})`;
  });
  return new UsageError(
    `${unknown.length === 1 ? 'There is no job' : 'There are no jobs'} ${told.join(', ')}.`,
    {
      hint: 'See them all with `trainyard scripts --list`.',
      details: { unknown },
    },
  );
}
