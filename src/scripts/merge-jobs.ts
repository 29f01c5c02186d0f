import { existsSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, posix, resolve, sep } from 'node:path';
import { ConfigError } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import type { JobEntry, LocatedEntry } from './job-file.ts';
import { LONGEST_ID, stemOf, withoutTrain, wordsOf } from './script-job.ts';
import type { ScriptJob } from './script-job.ts';
import { supportsOf, usualSpelling } from './script-flags.ts';
import type { ScriptFlags, Supports } from './script-flags.ts';
import { splitWords } from './split-words.ts';

/**
 * Defined jobs and discovered ones, in that order. Of two with the same id, or of the same script, the definition wins,
 * unless `discovery_overrides`.
 * @throws ConfigError for scripts that are not there and ids that stand twice
 */
export function mergeJobs(
  root: string,
  file: string,
  defined: readonly LocatedEntry[],
  discovered: readonly ScriptJob[],
  flags: ReadonlyMap<string, ScriptFlags>,
  options: { readonly discovery_overrides: boolean },
): ScriptJob[] {
  const problems: Problem[] = [];
  const jobs = new Map<string, ScriptJob>();
  const known = discovered.map((job) => job.script);
  for (const { entry, line } of defined) {
    const problem = (path: string, message: string, hint: string): void => {
      problems.push({ file, line, column: null, path, message, hint });
    };
    const script = posix.normalize(entry.script);
    const id = entry.id ?? stemOf(script);
    const path = resolve(root, script);
    if (!path.startsWith(root + sep) || leadsOut(root, path))
      problem(
        `jobs ${id}.script`,
        `${script} lies outside the project`,
        'Name a script below the project folder.',
      );
    else if (!existsSync(path) || !statSync(path).isFile()) {
      const near = nearest(script, known);
      const hint =
        near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Paths start at the project folder.';
      problem(`jobs ${id}.script`, `there is no script ${script}`, hint);
    } else if (entry.output !== undefined && !isInside(entry.output))
      problem(`jobs ${id}.output`, `${entry.output} leads out of results/`, 'Name a folder below results/.');
    else if (id.toLowerCase() === 'orchestrator' || id.length > LONGEST_ID)
      problem(
        `jobs ${id.slice(0, 40)}.id`,
        `${id.slice(0, 40)} cannot name a log file`,
        `Choose another id, of at most ${LONGEST_ID} characters.`,
      );
    else if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(id))
      problem(`jobs ${id}.id`, `${id} cannot name a log file`, 'Use letters, digits, "_", "-" and ".".');
    else if (jobs.has(id.toLowerCase()))
      problem(`jobs ${id}.id`, `the id ${id} stands twice`, 'Give each job an id of its own.');
    else jobs.set(id.toLowerCase(), definedJob(id, script, entry, flags.get(script), file));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const scripts = new Map([...jobs].map(([key, job]) => [job.script, key]));
  const definitions = new Set(jobs.keys());
  for (const job of discovered) {
    const same = [job.script, ...job.copies].flatMap((path) => scripts.get(path) ?? []);
    const key = job.id.toLowerCase();
    const before = definitions.has(key) ? [key] : same;
    if (before.length === 0) jobs.set(key, job);
    else if (options.discovery_overrides) {
      for (const old of before) jobs.delete(old);
      jobs.set(key, { ...job, reason: `${job.reason}, before the definition in ${file}` });
    }
  }
  return ownFolders([...jobs.values()], file);
}

/** Two jobs must not write into one folder. @throws ConfigError where a definition says so */
function ownFolders(jobs: readonly ScriptJob[], file: string): ScriptJob[] {
  const owner = new Map<string, string>();
  return jobs.map((job) => {
    let output = job.output;
    // Of `train_a.py` and `a.py` both, the rest of the name is `a`.
    if (job.reason.startsWith('discovered'))
      for (let n = 1; owner.has(output); n++) output = `${job.id}_results${n === 1 ? '' : `_${n}`}`;
    const other = owner.get(output);
    if (other !== undefined)
      throw new ConfigError([
        {
          file,
          line: null,
          column: null,
          path: `jobs ${job.id}.output`,
          message: `${other} and ${job.id} would both write to results/${output}`,
          hint: 'Give each an output of its own.',
        },
      ]);
    owner.set(output, job.id);
    return { ...job, output };
  });
}

/** By a link. */
function leadsOut(root: string, path: string): boolean {
  try {
    return !realpathSync(path).startsWith(realpathSync(root) + sep);
  } catch {
    return false; // it is not there, which is said below
  }
}

const isInside = (output: string): boolean =>
  !isAbsolute(output) && output.split(/[/\\]/).every((part) => part !== '..' && part !== '');

function definedJob(
  id: string,
  script: string,
  entry: JobEntry,
  look: ScriptFlags | undefined,
  file: string,
): ScriptJob {
  const read = supportsOf(look?.flags ?? []);
  const said = (name: keyof Supports, wish: boolean | undefined): string | null =>
    wish === undefined ? read[name] : wish ? (read[name] ?? usualSpelling(name)) : null;
  return {
    id,
    name: entry.name ?? wordsOf(id),
    script,
    output: entry.output ?? `${withoutTrain(id)}_results`,
    optional: entry.optional,
    supports: {
      epochs: said('epochs', entry.supports_epochs),
      folds: said('folds', entry.supports_folds),
      sample: said('sample', entry.supports_sample),
      batch: said('batch', entry.supports_batch),
      output_dir: said('output_dir', entry.use_output_dir),
    },
    flags: look?.flags ?? [],
    flags_known: look !== undefined && look.error === null,
    args: typeof entry.args === 'string' ? splitWords(entry.args, `args of ${id}`) : entry.args,
    swept: {},
    reason: `defined in ${file}`,
    copies: [],
  };
}
