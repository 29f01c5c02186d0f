import type { Project } from '../app.ts';
import type { Component } from '../assets/index.ts';
import { gitFacts } from '../fleet/index.ts';
import type { Plan } from '../fleet/index.ts';
import { mayNotVote } from '../gates/index.ts';
import type { Actor } from '../gates/index.ts';
import { TrainyardError, UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { createTrainingRun, gateRules } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import type { Tx } from '../store/index.ts';

export interface StartRunOptions {
  readonly actor: Actor;
  /** Gates approved in advance, or `all`. */
  readonly approve: readonly string[];
  /** A pull-request run. */
  readonly pr: boolean;
  /** What the actor has to say, on record. */
  readonly comment?: string | undefined;
}

/** What of a plan a run is written from; it may have been made elsewhere. */
export interface PlannedRun {
  readonly plan: Plan;
  readonly selected: readonly string[] | null;
  readonly component: AssetName;
  readonly environments: readonly AssetName[];
}

type AssetName = Pick<Component, 'name' | 'version' | 'digest'>;

/** Trains on the simulated provider in a project that trains elsewhere. */
export const isRehearsal = ({ config, settings }: Project): boolean =>
  config.provider === 'simulated' && settings.provider !== 'simulated';

/**
 * Writes a training run down for a plan; whoever holds the project goes on with it.
 * @throws UsageError for a gate that does not exist, NotAllowedError for one that the actor may not approve
 * @throws TrainyardError (blocked_by_guard) for a plan that is wider than it may be
 */
export async function startRun(
  project: Project,
  planned: PlannedRun,
  options: StartRunOptions,
): Promise<Run> {
  const write = await prepareRun(project, planned, options);
  return project.store.tx(write);
}

/** The same in two steps: everything is looked at, then the run is written in a transaction of the caller's. */
export async function prepareRun(
  project: Project,
  planned: PlannedRun,
  options: StartRunOptions,
): Promise<(tx: Tx) => Promise<Run>> {
  refuseIfBlocked(planned);
  refuseGates(project, options);
  const git = await gitFacts(project.root);
  const { plan, component, environments } = planned;
  // A provider that is not there, or settings that it refuses, must not be frozen in a run.
  await project.world.compute(project.config.provider);
  return (tx) =>
    createTrainingRun(tx, project.clock.now(), {
      plan,
      params: {
        provider: project.config.provider,
        detection: {
          mode: plan.detection.mode,
          base_ref: plan.detection.mode === 'git' ? plan.detection.base_ref : null,
          base_commit: plan.detection.mode === 'git' ? plan.detection.base_commit : null,
        },
        selected: planned.selected === null ? null : [...planned.selected],
        component: { name: component.name, version: component.version, digest: component.digest },
        environments: environments.map((e) => ({ name: e.name, version: e.version, digest: e.digest })),
        approved_gates: [...options.approve],
        allow_wide: plan.guard.allow_wide,
        ...(options.comment === undefined ? {} : { comment: options.comment }),
        git_dirty: git.dirty,
        summary: plan.summary,
        simulation: project.config.provider === 'simulated' ? project.config.providers.simulated : null,
      },
      actor: options.actor,
      pr: options.pr,
      rehearsal: isRehearsal(project),
      git_commit: git.commit,
      git_branch: git.branch,
    });
}

function refuseIfBlocked({ plan }: PlannedRun): void {
  if (!plan.guard.blocked) return;
  const { retrain, with_model, max_changed } = plan.guard;
  throw new TrainyardError(
    'blocked_by_guard',
    `The plan would retrain ${retrain} of ${with_model} circuits that have a good model; the limit is ${Math.round(max_changed * 100)} %.`,
    {
      hint: 'Nothing was started. If that is meant, say why: trainyard run --allow-wide "why"; for a sealed plan already when it is made: trainyard plan --allow-wide "why" -o FILE; for a schedule or a hook as `run.allow_wide` in trainyard.yaml.',
      details: { guard: plan.guard },
    },
  );
}

function refuseGates({ config }: Project, { approve, actor }: StartRunOptions): void {
  const known = [...Object.keys(config.gates), 'all'];
  for (const gate of approve) {
    if (!known.includes(gate))
      throw new UsageError(`There is no gate ${gate}.`, {
        hint: didYouMean(gate, known) ?? `Gates are ${known.join(', ')}.`,
      });
    const asked = config.gates[gate];
    const refusal =
      asked === undefined
        ? null
        : mayNotVote({ gate, ...asked, requested_by: actor.name }, actor, gateRules(config, gate));
    if (refusal !== null) throw refusal;
  }
}
