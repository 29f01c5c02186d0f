import type { Compute } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import { ConflictError } from '../kernel/errors.ts';
import { advanceRun } from './advance.ts';
import { claimDue, inScope } from './lease.ts';
import type { RunScope } from './lease.ts';
import { giveBackMemory, growHeapSlowly } from './memory.ts';
import type { Pipeline, World } from './pipeline.ts';
import { wakeRun } from './run-store.ts';
import type { Run } from './run-store.ts';

/** How often the loop looks whether anybody has written, here or elsewhere; an approval is acted on within this time. */
const LOOK_MS = 200;
/** A wake-up that could not be written (a full disk): the loop looks again by itself, and says what keeps it. */
const untold = (): void => undefined;
/** Changes reported by a provider are gathered for this long, so that a thousand short jobs cost few rounds. */
const GATHER_MS = 400;
const LONGEST_SLEEP_MS = 60_000;
/** After this long without work, memory is given back; a run that moves every second is left alone. */
const QUIET_MS = 5000;

/** Work that is not a run's: it has times of its own, and a loop calls it beside the runs that are due. */
export interface Ticker {
  readonly name: string;
  /** When it wants to be called; null: not until something is written. Asked in every round, so it must be cheap. */
  next(): Promise<number | null>;
  /**
   * Does one bounded piece of work: runs wait meanwhile. Its own trouble it puts on record itself; what it throws ends
   * the loop, as a store that cannot be written does.
   */
  tick(now: number): Promise<void>;
  /** In the middle of something: a loop that has nothing else to do waits for its end. */
  readonly busy?: () => boolean;
}

export interface Loop {
  /** Runs until `until` says that nothing is left to do here, or the signal is aborted. */
  run(until: () => Promise<boolean>): Promise<void>;
  /** Makes a run due now. */
  wake(run_id: string): Promise<void>;
}

/**
 * The one place with leases and timers: claims due runs, advances them, sleeps until the next one is due, something
 * knocks, or somebody writes. While everything waits it costs one look at a counter five times a second.
 * `about`: which runs; all others are left where they are.
 */
export function createLoop(
  world: World,
  pipelines: readonly Pipeline[],
  owner: string,
  signal: AbortSignal,
  about: Omit<RunScope, 'pipelines'> = {},
  tickers: readonly Ticker[] = [],
): Loop {
  const byName = new Map(pipelines.map((p) => [p.name, p]));
  const scope: RunScope = { ...about, pipelines: [...byName.keys()] };
  const watched = new Map<string, () => void>();
  let knocked: (() => void) | null = null;
  let knocks = 0;
  let ended = false;
  let tidy = false;
  const knock = (): void => {
    knocks++;
    knocked?.();
  };

  /** Runs that have jobs at a provider are woken when it reports a change. */
  const watch = async (): Promise<void> => {
    const rows = await world.store.db
      .selectFrom('jobs')
      .innerJoin('runs', 'runs.id', 'jobs.run_id')
      .select('jobs.provider')
      .distinct()
      .where('runs.ended_at', 'is', null)
      .where('jobs.status', 'in', ['queued', 'preparing', 'running'])
      .execute();
    for (const { provider } of rows) {
      if (watched.has(provider)) continue;
      const compute: Compute = await world.compute(provider);
      if (compute.watch === undefined) continue;
      let gathering = false;
      const tell = async (): Promise<void> => {
        gathering = false;
        // The loop may have ended meanwhile, and its store may be closed.
        if (!signal.aborted && !ended) await wakeProvider(provider);
      };
      const stop = compute.watch((over) => {
        if (over) void tell().catch(untold);
        else if (!gathering) {
          gathering = true;
          void world.clock.sleep(GATHER_MS, signal).then(tell).catch(untold);
        }
      });
      watched.set(provider, stop);
      // What ended before anybody watched is reported to nobody: look once more.
      await wakeProvider(provider);
    }
  };

  const wakeProvider = async (provider: string): Promise<void> => {
    await world.store.db
      .updateTable('runs')
      .set({ due_at: toIso(world.clock.now()) })
      .where('ended_at', 'is', null)
      // A run that backs off after a failed advance is left in peace: the provider's news would wear out its patience.
      .where('failed_advances', '=', 0)
      .where('id', 'in', (e) =>
        e
          .selectFrom('jobs')
          .select('run_id')
          .where('provider', '=', provider)
          .where('status', 'in', ['queued', 'preparing', 'running']),
      )
      .execute();
    knock();
  };

  const round = async (): Promise<boolean> => {
    const leases = await claimDue(world.store, world.clock.now(), owner, 4, scope);
    if (leases.length === 0) return false;
    tidy = false;
    const known = leases.map((lease) => ({ lease, pipeline: pipelineOf(lease.run) }));
    // All of them come to a stop before one that failed ends the process, which closes the store under the others.
    const ended = await Promise.allSettled(
      known.map(({ lease, pipeline }) => advanceRun(world, pipeline, lease, signal)),
    );
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
    await watch();
    return true;
  };

  /** Calls those that are due; true when one was. */
  const tick = async (): Promise<boolean> => {
    let ticked = false;
    for (const ticker of tickers) {
      const at = await ticker.next();
      if (signal.aborted || at === null || at > world.clock.now()) continue;
      await ticker.tick(world.clock.now());
      ticked = true;
    }
    return ticked;
  };

  const pipelineOf = (run: Run): Pipeline => {
    const pipeline = byName.get(run.pipeline);
    if (pipeline !== undefined && pipeline.version >= run.pipeline_version) return pipeline;
    throw new ConflictError(
      `Run ${run.number} belongs to pipeline ${run.pipeline} version ${run.pipeline_version}, which this Trainyard does not know.`,
      { hint: 'Update Trainyard.' },
    );
  };

  const nap = async (seenKnocks: number, lastNow: number): Promise<void> => {
    // The mark first: what anybody writes from here on changes it, what was written before is in the answer.
    const mark = world.store.readMark();
    const next = await world.store.db
      .selectFrom('runs')
      .select((e) => e.fn.min('due_at').as('due_at'))
      .where('ended_at', 'is', null)
      // What is due and is not for this loop must not keep it awake.
      .where(inScope(scope))
      .executeTakeFirst();
    const ticks = await Promise.all(tickers.map((ticker) => ticker.next()));
    const end = Math.min(
      lastNow + LONGEST_SLEEP_MS,
      next?.due_at == null ? Number.POSITIVE_INFINITY : Date.parse(next.due_at),
      ...ticks.filter((at) => at !== null),
    );
    while (!signal.aborted && knocks === seenKnocks) {
      const now = world.clock.now();
      // A clock that jumped back would make every deadline seem far away: look at everything again instead.
      if (now < lastNow - 5000) await makeAllDue(now);
      if (now >= end || now < lastNow - 5000 || world.store.readMark() !== mark) return;
      if (!tidy && now - lastNow >= QUIET_MS) {
        tidy = true;
        giveBackMemory();
      }
      await Promise.race([
        world.clock.sleep(Math.min(LOOK_MS, end - now), signal),
        new Promise<void>((resolve) => (knocked = resolve)),
      ]);
    }
  };

  const makeAllDue = async (now: number): Promise<void> => {
    const open = world.store.db
      .updateTable('runs')
      .set({ due_at: toIso(now) })
      .where('ended_at', 'is', null)
      .where(inScope(scope))
      .where('parent_run_id', 'is', null);
    await open.execute();
  };

  return {
    run: async (until) => {
      growHeapSlowly();
      // Whatever the last process left: every open run is looked at once.
      await makeAllDue(world.clock.now());
      try {
        while (!signal.aborted) {
          const seen = knocks;
          const now = world.clock.now();
          const ticked = await tick();
          if ((await round()) || ticked) continue;
          if ((await until()) && !tickers.some((ticker) => ticker.busy?.() === true)) return;
          await nap(seen, now);
        }
      } finally {
        ended = true;
        for (const stop of watched.values()) stop();
      }
    },
    wake: async (run_id) => {
      await wakeRun(world.store.db, world.clock.now(), run_id);
      knock();
    },
  };
}
