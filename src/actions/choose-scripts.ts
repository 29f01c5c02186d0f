import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectConfig } from '../config/index.ts';
import { UsageError, messageOf } from '../kernel/errors.ts';
import type { ScriptJobParams } from '../pipelines/index.ts';
import { collectJobs, jobCommand, jobParameters, scriptDigest, splitWords } from '../scripts/index.ts';
import type { Collected, ScriptJob } from '../scripts/index.ts';
import { findGpus } from './find-gpus.ts';

/** The flags of `trainyard scripts` under the names that they have in trainyard.yaml. */
export type ScriptSettings = ProjectConfig['scripts'];

/** How many scripts run at once, where several may and nobody says how many. */
const MAX_WORKERS = 4;

const pythonOf = (settings: ScriptSettings): string => settings.python ?? 'python3';

/** What there is to run of a repository's training scripts. Runs nothing. */
export const chooseScripts = (root: string, settings: ScriptSettings): Promise<Collected> =>
  collectJobs({
    root,
    python: pythonOf(settings),
    discover_roots: settings.discover_root ?? [],
    include_patterns: settings.include_pattern ?? [],
    exclude_regexes: settings.exclude_regex ?? [],
    limit: settings.discovery_limit ?? null,
    auto_discover: settings.no_auto_discover !== true,
    config: settings.config ?? null,
    discovery_overrides: settings.allow_discovery_overrides === true,
    discovered_optional: settings.mark_discovered_optional === true,
    only: settings.only ?? [],
    exclude: settings.exclude ?? [],
  });

/** The jobs with their exact commands. */
export function scriptCommands(
  root: string,
  jobs: readonly ScriptJob[],
  settings: ScriptSettings,
): ScriptJobParams[] {
  const extra_args = [
    ...(settings.extra_arg ?? []),
    ...(settings.extra_args ?? []).flatMap((line) => splitWords(line, '--extra-args')),
  ];
  const given = {
    python: pythonOf(settings),
    epochs: settings.epochs ?? null,
    folds: settings.folds ?? null,
    sample: settings.sample ?? null,
    batch: settings.batch ?? null,
    extra_args,
  };
  // A sweep makes thousands of jobs of one script.
  const digests = new Map<string, string>();
  const digestOf = (script: string): string => {
    const known = digests.get(script) ?? scriptDigest(join(root, script));
    digests.set(script, known);
    return known;
  };
  return jobs.map((job) => ({
    id: job.id,
    name: job.name,
    script: job.script,
    output: job.output,
    optional: job.optional,
    reason: job.reason,
    copies: [...job.copies],
    command: jobCommand(job, given),
    parameters: jobParameters(job, given),
    sha256: digestOf(job.script),
  }));
}

/** What of the machine the scripts may use. */
export interface ScriptResources {
  readonly max_workers: number;
  readonly gpus: readonly string[];
  readonly gpus_per_job: number;
}

/** @throws UsageError for more GPUs than there are */
export async function scriptResources(settings: ScriptSettings): Promise<ScriptResources> {
  const gpus = await findGpus(settings.gpus ?? null);
  const gpus_per_job = gpus.length === 0 ? 0 : (settings.gpus_per_job ?? 1);
  if (gpus_per_job > gpus.length || (gpus.length === 0 && settings.gpus_per_job !== undefined))
    throw new UsageError(
      `Each job is to have ${settings.gpus_per_job} ${settings.gpus_per_job === 1 ? 'GPU' : 'GPUs'}, and there ${gpus.length === 0 ? 'is none' : gpus.length === 1 ? 'is 1' : `are ${gpus.length}`}.`,
      {
        hint: 'Say which there are with --gpus, for example --gpus auto.',
      },
    );
  return {
    gpus,
    gpus_per_job,
    max_workers: settings.parallel === true ? (settings.max_workers ?? MAX_WORKERS) : 1,
  };
}

/** Folders for logs and results, before anything is trained. @throws UsageError naming the one that cannot be made */
export function makeScriptFolders(root: string, jobs: readonly ScriptJobParams[]): void {
  for (const folder of ['logs', 'summaries', ...jobs.map((job) => join('results', job.output))]) {
    try {
      mkdirSync(join(root, folder), { recursive: true });
    } catch (error) {
      throw new UsageError(`The folder ${folder} cannot be made: ${messageOf(error)}.`, {
        hint: 'Remove what is in its place, or make the project writable. Nothing was started.',
      });
    }
  }
}
