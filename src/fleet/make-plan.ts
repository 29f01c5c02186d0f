import { relative } from 'node:path';
import type { Component, Environment } from '../assets/index.ts';
import { findAsset } from '../assets/index.ts';
import { lastJobs } from '../jobs/index.ts';
import type { LastJob } from '../jobs/index.ts';
import { ConfigError } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import { didYouMean, nearest } from '../kernel/suggest.ts';
import { goodModels, goodSettings } from '../registry/index.ts';
import type { GoodModel } from '../registry/index.ts';
import type { Db } from '../store/index.ts';
import { missingInputs, modelOutputOf, placeOfInput } from './bind-inputs.ts';
import type { ContentDigests } from './content-digests.ts';
import { diffFrozen, thaw } from './frozen.ts';
import { circuitsInHand } from './in-hand.ts';
import type { InHand } from './in-hand.ts';
import type { Circuit, Fleet } from './load-fleet.ts';
import { loadFleet } from './load-fleet.ts';
import { guardBreadth, isUpToDate, planCircuit, planId } from './plan.ts';
import type { Detection, Guard, PlannedCircuit } from './plan.ts';
import type { FieldChange } from './settings.ts';
import { checkTables, pinFleet } from './wanted.ts';
import type { DeltaPins, PinnedCircuit } from './wanted.ts';

/** What a plan is made from. */
export interface PlanRequest {
  readonly project: string;
  readonly fleet: Fleet;
  /** Null: nothing was ever trained here. */
  readonly db: Db | null;
  readonly digests: ContentDigests;
  readonly component: Component;
  readonly environments: readonly Environment[];
  readonly detection: Detection;
  /** Text of circuits.yaml at the base commit; null where it was not there, or in `hash` detection. */
  readonly base_source: string | null;
  /** Ids that somebody picked; null: detection decides. */
  readonly selected: ReadonlySet<string> | null;
  readonly if_changed: boolean;
  readonly include_failed: boolean;
  readonly max_changed: number;
  readonly allow_wide: string | null;
  /** Of a sealed plan. */
  readonly pins?: DeltaPins;
}

export interface Plan {
  readonly plan_id: string;
  readonly detection: Detection;
  /** In the order of circuits.yaml, one for every circuit. */
  readonly circuits: readonly PlannedCircuit[];
  readonly summary: { readonly train: number; readonly skip: number };
  readonly guard: Guard;
  readonly pins: DeltaPins;
  readonly warnings: readonly Problem[];
  /** What the circuits want, for those that are trained or offered at the retry gate. */
  readonly pinned: ReadonlyMap<string, PinnedCircuit>;
}

/**
 * Decides for every circuit whether it is trained, and why. Reads, never writes.
 * @throws ConfigError with everything that would make the plan fail
 */
export async function makePlan(request: PlanRequest): Promise<Plan> {
  const { circuits, pins, broken, problems, warnings } = await pinFleet(request.fleet, request);
  const good = request.db === null ? new Map<string, GoodModel>() : await goodModels(request.db);
  const candidates = circuits.filter(
    (c) => request.selected?.has(c.circuit.id) === true || !isUpToDate(c, good.get(c.circuit.id) ?? null),
  );
  const ids = candidates.map((c) => c.circuit.id);
  const jobs = request.db === null ? new Map<string, LastJob>() : await lastJobs(request.db, ids);
  const inHand = request.db === null ? new Map<string, InHand>() : await circuitsInHand(request.db, ids);
  const changes = await findChanges(request, candidates, good);

  const isCandidate = new Set(ids);
  const planned = circuits.map((wanted) => {
    const id = wanted.circuit.id;
    const found = isCandidate.has(id) ? changes.get(id) : undefined;
    return planCircuit({
      wanted,
      good: good.get(id) ?? null,
      last_job: jobs.get(id) ?? null,
      in_hand: inHand.get(id) ?? null,
      changes: found?.changes ?? null,
      changed_since_base: found?.since_base ?? false,
      detection: request.detection,
      selected: request.selected === null ? null : request.selected.has(id),
      if_changed: request.if_changed,
      include_failed: request.include_failed,
    });
  });

  const pinned = new Map<string, PinnedCircuit>();
  for (const [i, p] of planned.entries()) {
    const wanted = circuits[i];
    // What waits at the gate of a run that is still open is decided there, and offered nowhere else.
    const job = jobs.get(p.id);
    const offered =
      p.cause === 'owed_failed' &&
      job?.settled === true &&
      (inHand.get(p.id)?.run_number ?? 0) <= job.run_number;
    if (wanted !== undefined && (p.action === 'train' || offered)) pinned.set(p.id, wanted);
  }
  const trained = [...pinned.values()].map((p) => p.circuit);
  const found = [
    ...problems,
    ...(await checkComponents(request, [...trained, ...broken])),
    ...(await checkTables(request.fleet, trained, request.project)),
  ];
  if (found.length > 0) throw new ConfigError(found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));

  const train = planned.filter((p) => p.action === 'train');
  const guard = guardBreadth(
    { retrain: train.filter((p) => good.has(p.id)).length, with_model: countWithModel(request.fleet, good) },
    request.max_changed,
    request.allow_wide,
  );
  return {
    plan_id: planId({ detection: request.detection, circuits: planned, seal: request.component.digest }),
    detection: request.detection,
    circuits: planned,
    summary: { train: train.length, skip: planned.length - train.length },
    guard,
    pins,
    warnings: [
      ...request.fleet.warnings,
      ...warnings,
      ...assetWarnings(request),
      ...unusedHyperparameters(request, pinned.values()),
    ],
    pinned,
  };
}

/** What the component and environment files say that other tools, or this one, will read differently. */
function assetWarnings({ component, environments, project }: PlanRequest): Problem[] {
  return [component, ...environments].flatMap((asset) =>
    (asset.warnings ?? []).map((message) => ({
      file: relative(project, asset.file),
      line: null,
      column: null,
      path: '',
      message,
      hint: null,
    })),
  );
}

/** Hyperparameters that no input of the component takes: misspelt, most likely, and the training would not notice. */
function unusedHyperparameters(
  { component, fleet }: PlanRequest,
  circuits: Iterable<PinnedCircuit>,
): Problem[] {
  if (Object.hasOwn(component.inputs, 'hyperparameters')) return [];
  const found = new Map<string, Circuit>();
  for (const { circuit } of circuits) {
    if (circuit.component_version !== component.version) continue;
    for (const name of Object.keys(circuit.hyperparameters))
      if (!Object.hasOwn(component.inputs, name) && !found.has(name)) found.set(name, circuit);
  }
  return [...found].map(([name, circuit]) => ({
    file: fleet.file,
    line: circuit.line,
    column: null,
    path: `${circuit.id}.hyperparameters.${name}`,
    message: `Component ${component.name}:${component.version} has no input ${name}: the training never sees it.`,
    hint:
      didYouMean(name, Object.keys(component.inputs)) ??
      'Declare the input, or leave the hyperparameter out.',
  }));
}

const countWithModel = (fleet: Fleet, good: ReadonlyMap<string, unknown>): number =>
  fleet.circuits.reduce((n, c) => n + (good.has(c.id) ? 1 : 0), 0);

/**
 * What differs, field by field. `git` explains by the fleet at the base commit, after its own defaults; where that says
 * nothing, and in `hash` detection, the settings of the good model do.
 */
async function findChanges(
  request: PlanRequest,
  candidates: readonly PinnedCircuit[],
  good: ReadonlyMap<string, GoodModel>,
): Promise<Map<string, { changes: FieldChange[] | null; since_base: boolean }>> {
  const found = new Map<string, { changes: FieldChange[] | null; since_base: boolean }>();
  const base = request.detection.mode === 'git' ? baseCircuits(request) : null;
  const settings =
    request.db === null
      ? new Map<string, string>()
      : await goodSettings(
          request.db,
          candidates.filter((c) => good.has(c.circuit.id)).map((c) => c.circuit.id),
        );
  for (const wanted of candidates) {
    const id = wanted.circuit.id;
    const before = base?.get(id);
    // The base has no pins and no file contents: compare what was written, in the present's terms.
    const sinceBase =
      before === undefined
        ? []
        : diffFrozen(
            { circuit: before, data_content: wanted.data_content },
            { circuit: request.fleet.by_id.get(id) ?? wanted.circuit, data_content: wanted.data_content },
          );
    const model = settings.get(id);
    const sinceModel = model === undefined || model === '{}' ? null : diffFrozen(thaw(model), wanted);
    const isNew = base !== null && before === undefined;
    // What the base cannot tell, because it does not stand in circuits.yaml, is no older debt either.
    const elsewhere = sinceModel?.some((change) => standsElsewhere(change, request, id)) === true;
    found.set(id, {
      changes: sinceBase.length > 0 ? sinceBase : sinceModel,
      since_base: sinceBase.length > 0 || isNew || elsewhere,
    });
  }
  return found;
}

/** The content of a file, the version that `latest` means now, the version of the component file. */
function standsElsewhere({ field }: FieldChange, { fleet, component }: PlanRequest, id: string): boolean {
  const circuit = fleet.by_id.get(id);
  switch (field) {
    case 'data_content':
      return true;
    case 'delta_version':
      return typeof circuit?.delta_version === 'string';
    case 'pipeline_component_version':
      return circuit?.component_version === component.version;
    default:
      return false;
  }
}

function baseCircuits(request: PlanRequest): ReadonlyMap<string, Circuit> {
  if (request.base_source === null) return new Map();
  try {
    return loadFleet(request.base_source, {
      file: request.fleet.file,
      component_version: request.component.version,
    }).by_id;
  } catch {
    // A base that was broken explains nothing; what is owed is still found by the hashes.
    return new Map();
  }
}

/** A registered version never changes: the same version with other content is found before anything is started. */
async function changedUnderOneVersion(
  db: Db,
  { component, environments, project }: PlanRequest,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const assets = [
    { kind: 'component' as const, asset: component },
    ...environments.map((asset) => ({ kind: 'environment' as const, asset })),
  ];
  for (const { kind, asset } of assets) {
    const known = await findAsset(db, kind, asset.name, asset.version);
    if (known === null || known.digest === asset.digest) continue;
    problems.push({
      file: relative(project, asset.file),
      line: null,
      column: null,
      path: 'version',
      message: `${kind === 'component' ? 'Component' : 'Environment'} ${asset.name}:${asset.version} is registered with other content${kind === 'component' ? ' (or other code)' : ''}.`,
      hint: 'Raise its version, or undo the change: registered versions never change.',
    });
  }
  return problems;
}

/**
 * What would make jobs fail fails the plan: a component or environment version that nobody registered, an input
 * without a value, a component that does not say which output is the model.
 */
async function checkComponents(request: PlanRequest, circuits: readonly Circuit[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const registered = async (
    kind: 'component' | 'environment',
    name: string,
    version: string,
  ): Promise<boolean> => request.db !== null && (await findAsset(request.db, kind, name, version)) !== null;
  const known = new Map<string, boolean>();
  const ask = async (kind: 'component' | 'environment', name: string, version: string): Promise<boolean> => {
    const key = `${kind} ${name}:${version}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = await registered(kind, name, version);
    known.set(key, answer);
    return answer;
  };
  const { component, environments } = request;
  if (circuits.length > 0) modelOutputOf(component);
  if (request.db !== null) problems.push(...(await changedUnderOneVersion(request.db, request)));
  for (const circuit of circuits) {
    const place = { file: request.fleet.file, line: circuit.line, column: null };
    if (
      circuit.component_version !== component.version &&
      !(await ask('component', component.name, circuit.component_version))
    ) {
      problems.push({
        ...place,
        path: `${circuit.id}.pipeline_component_version`,
        message: `Component ${component.name}:${circuit.component_version} is not registered.`,
        hint: `The component file has version ${component.version}; leave pipeline_component_version out to use it.`,
      });
    }
    if (circuit.component_version === component.version) {
      for (const input of missingInputs(component, circuit)) {
        problems.push({
          ...place,
          path: circuit.id,
          message: `Component ${component.name}:${component.version} needs a value for its input ${input}.`,
          hint: `Write ${placeOfInput(component, input)}, or give the input a default.`,
        });
      }
    }
    if (circuit.environment_version === null) continue;
    if (environments.some((e) => e.version === circuit.environment_version)) continue;
    const names = environments.map((e) => e.name);
    const found = await Promise.all(
      names.map((name) => ask('environment', name, circuit.environment_version ?? '')),
    );
    if (found.includes(true)) continue;
    const near = nearest(
      circuit.environment_version,
      environments.map((e) => e.version),
      1,
    )[0];
    problems.push({
      ...place,
      path: `${circuit.id}.environment_version`,
      message: `No environment is registered in version ${circuit.environment_version}.`,
      hint:
        near === undefined
          ? 'Leave environment_version out to use the version of the environment file.'
          : `Did you mean ${near}?`,
    });
  }
  return problems;
}
