import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openProject } from '../app.ts';
import type { Project } from '../app.ts';
import { planProject } from '../actions/index.ts';
import type { Planned } from '../actions/index.ts';
import type { PlanOptions } from '../fleet/index.ts';
import type { GateConfig } from '../gates/index.ts';
import type { Compute } from '../jobs/index.ts';
import { advanceRun } from '../pipelines/advance.ts';
import { claimDue } from '../pipelines/lease.ts';
import { createTrainingRun, getRun, openRuns, trainPipeline, wakeRun } from '../pipelines/index.ts';
import type { Run, World } from '../pipelines/index.ts';
import { TestClock } from './test-clock.ts';

export const COMPONENT = `type: command
name: trainer
version: "1"
inputs:
  data: {type: uri_file, optional: true}
  alpha: {type: number, default: 1}
outputs:
  model: {type: custom_model}
command: train --alpha \${{inputs.alpha}} --model \${{outputs.model}}
`;

export const ENVIRONMENT = 'name: plain-env\nversion: "1"\nimage: python:3.12\n';

/** A fleet of so many circuits of one plant, `p_c000`, `p_c001`, …; `more` goes under the defaults. */
export function fleetOf(count: number, more = ''): string {
  const circuits = Array.from(
    { length: count },
    (_, i) => `  - {plant_id: p, circuit_id: c${String(i).padStart(3, '0')}}`,
  );
  return `defaults: {cutoff_date: "2026-01-31", training_days: 30${more}}\ncircuits:\n${circuits.join('\n')}\n`;
}

/** In memory where the system offers that: a world syncs a hundred times, which is all that a disk would be tested for. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface TestWorld extends AsyncDisposable {
  readonly project: Project;
  readonly clock: TestClock;
  /** The project's world; replace parts of it with `with`. */
  readonly world: World;
  readonly root: string;
  write(path: string, text: string): Promise<void>;
  /** As `trainyard plan`; with `pins`, as `run --plan` makes a sealed plan again. */
  plan(options?: Partial<PlanOptions>, pins?: Readonly<Record<string, number>>): Promise<Planned>;
  /** Plans and writes a run down, without advancing it. */
  start(options?: StartOptions): Promise<Run>;
  /** Advances whatever is due, moving the clock to each next due time, until every run is over or waits for people. */
  settle(world?: World): Promise<void>;
  /** Moves the clock by `ms`, wakes every open run as a process that starts then would, and settles. */
  later(ms: number): Promise<void>;
  /** `start` and `settle`; the run as it is then. */
  run(options?: StartOptions): Promise<Run>;
  again(run: Run): Promise<Run>;
}

export interface StartOptions extends Partial<PlanOptions> {
  readonly approve?: readonly string[];
  readonly pr?: boolean;
}

/**
 * A whole project in a temporary folder, put together by the composition root itself: real files, real SQLite, the
 * simulated provider a thousand times as fast as life, and a clock that moves only when told.
 */
export async function testWorld(
  options: {
    readonly circuits?: string;
    readonly settings?: string;
    readonly component?: string;
    readonly environment?: string | null;
    readonly fail?: readonly string[];
    /** Variables of the process besides its user. */
    readonly env?: Readonly<Record<string, string>>;
    readonly compute?: (world: World) => Compute;
    /** As `trainyard serve` opens it. */
    readonly serving?: boolean;
  } = {},
): Promise<TestWorld> {
  const root = await mkdtemp(join(SCRATCH, 'trainyard-world-'));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write('config/circuits.yaml', options.circuits ?? fleetOf(3));
  await write('trainyard.yaml', `provider: simulated\n${options.settings ?? ''}`);
  await write('components/training-pipeline-component.yaml', options.component ?? COMPONENT);
  if (options.environment !== null)
    await write('components/environments/plain-env.yaml', options.environment ?? ENVIRONMENT);

  const clock = new TestClock();
  const project = await openProject({
    folder: root,
    mode: options.serving === true ? 'serve' : 'write',
    env: { USER: 'tester', ...options.env },
    clock,
    overrides: { fail: options.fail },
  });
  const scripted = options.compute?.(project.world);
  const world: World =
    scripted === undefined ? project.world : { ...project.world, compute: () => Promise.resolve(scripted) };

  const plan = (more: Partial<PlanOptions> = {}, pins?: Readonly<Record<string, number>>): Promise<Planned> =>
    planProject(
      project,
      {
        detection: 'auto',
        base_ref: null,
        circuits: [],
        if_changed: false,
        include_failed: false,
        allow_wide: null,
        ...more,
      },
      pins === undefined ? {} : { pins },
    );

  const start = async ({ approve = [], pr = false, ...more }: StartOptions = {}): Promise<Run> => {
    const { plan: made, component, environments, selected } = await plan(more);
    return project.store.tx((tx) =>
      createTrainingRun(tx, clock.now(), {
        plan: made,
        params: {
          provider: 'simulated',
          detection: { mode: 'hash', base_ref: null, base_commit: null },
          selected: selected === null ? null : [...selected],
          component: { name: component.name, version: component.version, digest: component.digest },
          environments: environments.map((e) => ({ name: e.name, version: e.version, digest: e.digest })),
          approved_gates: [...approve],
          allow_wide: made.guard.allow_wide,
          git_dirty: false,
          summary: made.summary,
          simulation: null,
        },
        actor: { name: 'tester', identity: 'claimed' },
        pr,
        rehearsal: false,
        git_commit: null,
        git_branch: null,
      }),
    );
  };

  const again = (run: Run): Promise<Run> => getRun(project.store.db, run.id);
  const settle = async (with_: World = world): Promise<void> => {
    for (let round = 0; round < 500; round++) {
      const leases = await claimDue(project.store, clock.now(), 'test', 4, { pipelines: ['train'] });
      for (const lease of leases) await advanceRun(with_, trainPipeline, lease, new AbortController().signal);
      if (leases.length > 0) continue;
      const next = (await openRuns(project.store.db, 'train'))
        .filter((r) => r.status !== 'waiting' && r.due_at !== null)
        .map((r) => Date.parse(r.due_at ?? ''));
      if (next.length === 0) return;
      clock.jumpTo(Math.max(clock.now(), Math.min(...next)));
    }
    throw new Error('The runs did not settle in 500 rounds.');
  };

  return {
    project,
    clock,
    world,
    root,
    write,
    plan,
    start,
    settle,
    again,
    later: async (ms) => {
      clock.jumpTo(clock.now() + ms);
      for (const run of await openRuns(project.store.db, 'train'))
        await wakeRun(project.store.db, clock.now(), run.id);
      await settle();
    },
    run: async (more) => {
      const run = await start(more);
      await settle();
      return again(run);
    },
    [Symbol.asyncDispose]: async () => {
      await project.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export const OPEN_GATE: GateConfig = {
  approvers: [],
  required: 1,
  expires_s: 3600,
  on_expiry: 'hold',
  requester_may_approve: true,
  verified: false,
  remind_every_s: null,
};
