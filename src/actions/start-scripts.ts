import type { Actor } from '../gates/index.ts';
import type { Project } from '../app.ts';
import { gitFacts } from '../fleet/index.ts';
import { createScriptsRun, lastDurations, scriptHash } from '../pipelines/index.ts';
import type { Run, ScriptJobParams } from '../pipelines/index.ts';
import type { Tx } from '../store/index.ts';
import type { ScriptResources, ScriptSettings } from './choose-scripts.ts';

/**
 * Looks at everything a run of scripts needs, and returns what writes it down in a transaction of the caller's. Jobs are
 * started in the order in which `order` has them.
 */
export async function prepareScripts(
  project: Project,
  input: {
    readonly jobs: readonly ScriptJobParams[];
    /** Left out, because an interrupted run had finished them. */
    readonly resumed: readonly ScriptJobParams[];
    readonly settings: ScriptSettings;
    readonly resources: ScriptResources;
    readonly actor: Actor;
    /** As it was typed. */
    readonly arguments: readonly string[];
    /** Left to the process that serves the project. */
    readonly served: boolean;
  },
): Promise<(tx: Tx) => Promise<Run>> {
  const { settings, resources } = input;
  const jobs = settings.order === 'discovery' ? input.jobs : await longestFirst(project, input.jobs);
  const git = await gitFacts(project.root);
  return (tx) =>
    createScriptsRun(tx, project.clock.now(), {
      params: {
        jobs: [...jobs],
        retries: settings.retries ?? 0,
        timeout_s: settings.timeout ?? null,
        memory_limit_mib: settings.jobs_memory_limit ?? null,
        gpus_per_job: resources.gpus_per_job,
        max_workers: resources.max_workers,
        gpus: [...resources.gpus],
        allow_partial_success: settings.allow_partial_success === true,
        served: input.served,
        resumed: input.resumed.map((job) => `${job.id} ${scriptHash(job)}`),
        arguments: [...input.arguments],
      },
      actor: input.actor,
      git_commit: git.commit,
      git_branch: git.branch,
    });
}

/** Whoever is known to take longest begins; what was never run keeps its place at the front, as it may be long. */
async function longestFirst(project: Project, jobs: readonly ScriptJobParams[]): Promise<ScriptJobParams[]> {
  const took = await lastDurations(
    project.store.db,
    jobs.map((job) => job.id),
  );
  const of = (job: ScriptJobParams): number => took.get(job.id) ?? Number.POSITIVE_INFINITY;
  return jobs.toSorted((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)));
}
