import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { Project } from '../app.ts';
import { loadComponent, loadEnvironments } from '../assets/index.ts';
import type { Component, Environment } from '../assets/index.ts';
import {
  ContentDigests,
  fileAt,
  loadFleet,
  makePlan,
  resolveBase,
  sealInputs,
  selectCircuits,
} from '../fleet/index.ts';
import type { Detection, Fleet, Plan, PlanOptions, SealInputs } from '../fleet/index.ts';
import { ciFacts } from '../kernel/ci.ts';
import { NotFoundError, UsageError } from '../kernel/errors.ts';
import { storeExists } from '../store/index.ts';

/** A plan with the files it came from. */
export interface Planned {
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly component: Component;
  readonly environments: readonly Environment[];
  readonly options: PlanOptions;
  readonly selected: readonly string[] | null;
  readonly inputs: () => SealInputs;
}

/** Loads everything a plan needs from the project folder and makes it, for whoever asks: a person, a schedule, a run. */
export async function planProject(
  project: Project,
  options: PlanOptions,
  more: {
    /** As a sealed plan pinned them. */
    readonly pins?: Readonly<Record<string, number>>;
    /** Digests of data that were learnt are written down, although the store is open for reading only. */
    readonly keep_digests?: boolean;
    /** Told of a file that takes a while to read. */
    readonly slow?: (path: string) => void;
  } = {},
): Promise<Planned> {
  const { config, root } = project;
  const [component, environments, source] = await Promise.all([
    loadComponent(resolve(root, config.component)),
    loadEnvironments(root, config.environments),
    readCircuits(root, config.circuits),
  ]);
  const fleet = loadFleet(source, { file: config.circuits, component_version: component.version });
  const selected = selectCircuits(fleet, options.circuits);
  const { detection, base_source } = await detect(project, options);
  const plan = await makePlan({
    project: root,
    fleet,
    db: project.has_state || !project.store.read_only ? project.store.db : null,
    digests: new ContentDigests(project.store.folder, project.clock, {
      read_only:
        (project.store.read_only && more.keep_digests !== true) || !storeExists(project.store.folder),
      slow: (path) => more.slow?.(relative(root, path)),
    }),
    component,
    environments,
    detection,
    base_source,
    selected: selected === null ? null : new Set(selected.map((c) => c.id)),
    if_changed: options.if_changed,
    include_failed: options.include_failed,
    max_changed: config.max_changed,
    allow_wide: options.allow_wide,
    ...(more.pins === undefined ? {} : { pins: more.pins }),
  });
  return {
    plan,
    fleet,
    component,
    environments,
    options,
    selected: selected === null ? null : selected.map((c) => c.id),
    inputs: () =>
      sealInputs(plan, {
        fleet,
        settings: project.settings,
        component: component.digest,
        environments: environments.map((e) => e.digest),
      }),
  };
}

async function readCircuits(root: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(root, path), 'utf8');
  } catch (error) {
    throw new NotFoundError(`There is no fleet file ${path} in ${root}.`, {
      hint: existsSync(resolve(root, 'trainyard.yaml'))
        ? 'Put the file there, or correct `circuits` in trainyard.yaml.'
        : 'Make a project with `trainyard init`, or point --project at one.',
      cause: error,
    });
  }
}

/** `git` where a base is known, else `hash`. */
async function detect(
  project: Project,
  options: PlanOptions,
): Promise<{ detection: Detection; base_source: string | null }> {
  const mode = options.detection === 'auto' ? project.config.detection : options.detection;
  const base = options.base_ref ?? (mode === 'hash' ? null : ciFacts(project.env).base_ref);
  if (mode === 'hash' || (mode === 'auto' && base === null))
    return { detection: { mode: 'hash' }, base_source: null };
  if (base === null)
    throw new UsageError('Detection git needs something to compare with.', {
      hint: 'Give it with --base REF, for example --base origin/main.',
    });
  const commit = await resolveBase(project.root, base);
  return {
    detection: { mode: 'git', base_ref: base, base_commit: commit },
    base_source: await fileAt(project.root, commit, project.config.circuits),
  };
}
