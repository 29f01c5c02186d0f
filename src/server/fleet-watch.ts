import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Project } from '../app.ts';
import { CAUSES, CIRCUIT_STATES } from '../fleet/index.ts';
import type { CircuitStanding, CircuitState } from '../fleet/index.ts';
import { toIso } from '../kernel/clock.ts';
import { TrainyardError } from '../kernel/errors.ts';
import { readFleetCache } from './aside/fleet-cache.ts';
import { statesAside } from './aside/plan-aside.ts';
import type { FleetProblem } from '../views/index.ts';

/** A circuit as it is kept; settings and changes are not there yet after a start that found an older look. */
export type KeptCircuit = Omit<CircuitStanding, 'settings' | 'changes'> &
  Partial<Pick<CircuitStanding, 'settings' | 'changes'>>;

/** How the fleet stood at one moment. */
export interface FleetSnapshot {
  /** Null: nobody has looked yet. */
  readonly at: string | null;
  /** Sorted by id. */
  readonly circuits: readonly KeptCircuit[];
  readonly by_id: ReadonlyMap<string, KeptCircuit>;
  readonly counts: Readonly<Record<CircuitState, number>>;
  /** Why no newer look was possible. */
  readonly problem: FleetProblem | null;
  /** All circuits as the board has them, JSON, made once: `[[plant, [[circuit_id, state, cause], …]], …]`. */
  readonly plants_json: string;
}

/** What was seen longer ago is looked at again, as data and code may have changed without a word. */
const FRESH_MS = 60_000;
/** Looking takes a core for a while: between two looks there is at least so many times as long a rest. */
const REST = 4;
const SHORTEST_REST_MS = 1000;
/** Whoever asks first waits so long for a first answer. */
const FIRST_MS = 5000;

const watches = new WeakMap<Project['store'], FleetWatch>();

/** The one watch over a project's fleet. */
export function fleetWatch(project: Project): FleetWatch {
  const known = watches.get(project.store);
  if (known !== undefined) return known;
  const made = new FleetWatch(project);
  watches.set(project.store, made);
  return made;
}

/**
 * How the fleet stands, found out beside the requests that ask for it: they get what is known, and a look that is out of
 * date is taken again meanwhile. Never two at once.
 */
export class FleetWatch {
  readonly #project: Project;
  readonly #listeners = new Set<() => void>();
  #snapshot: FleetSnapshot | null = null;
  #looking: Promise<void> | null = null;
  /** What the last look was taken at; null: none was. */
  #mark: string | null = null;
  #looked_ms = 0;
  #rest_until_ms = 0;
  /** Set while a look waits for the rest to be over. */
  #waiting: AbortController | null = null;

  constructor(project: Project) {
    this.#project = project;
  }

  /** Called after each look that found something. Returns how to stop it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known now, and whether somebody is looking again. */
  async now(): Promise<{ readonly fleet: FleetSnapshot; readonly refreshing: boolean }> {
    await this.#restore();
    if (this.#looking === null && (await this.#outdated())) this.#lookSoon();
    if (this.#snapshot?.at == null && this.#looking !== null) {
      const enough = new AbortController();
      await Promise.race([this.#looking, this.#project.clock.sleep(FIRST_MS, enough.signal)]);
      enough.abort();
    }
    const refreshing = this.#looking !== null || this.#waiting !== null;
    return { fleet: this.#snapshot ?? NOTHING, refreshing };
  }

  /** Looks for the first time where nobody ever did, so that whoever comes first need not wait for it. */
  async prepare(): Promise<void> {
    await this.#restore();
    if (this.#snapshot?.at == null && this.#looking === null) this.#lookSoon();
  }

  /** One circuit with its settings, once they are known. */
  async circuit(id: string): Promise<{ circuit: KeptCircuit | undefined; fleet: FleetSnapshot }> {
    const { fleet } = await this.now();
    const circuit = fleet.by_id.get(id);
    if (circuit?.settings !== undefined || this.#looking === null) return { circuit, fleet };
    await this.#looking;
    const looked = this.#snapshot ?? fleet;
    return { circuit: looked.by_id.get(id), fleet: looked };
  }

  /** Resolves once a look is over that began after this call. For whoever has just changed something, and for tests. */
  async fresh(): Promise<FleetSnapshot> {
    await this.#looking;
    this.#look();
    await this.#looking;
    return this.#snapshot ?? NOTHING;
  }

  async #restore(): Promise<void> {
    if (this.#snapshot !== null) return;
    const kept = await readFleetCache(this.#project.store.folder);
    this.#snapshot ??= snapshotOf(kept?.at ?? null, kept?.circuits ?? [], null);
  }

  async #outdated(): Promise<boolean> {
    const now = this.#project.clock.now();
    return this.#mark === null || now - this.#looked_ms > FRESH_MS || (await this.#now()) !== this.#mark;
  }

  /** Nobody waits for a look any more. */
  end(): void {
    this.#waiting?.abort();
  }

  /** After the rest: what happened during it is looked at without anybody asking again. */
  #lookSoon(): void {
    if (this.#waiting !== null) return;
    const { clock } = this.#project;
    const left_ms = this.#rest_until_ms - clock.now();
    if (left_ms <= 0) return this.#look();
    const waiting = new AbortController();
    this.#waiting = waiting;
    void clock.sleep(left_ms, waiting.signal).then(() => {
      this.#waiting = null;
      if (!waiting.signal.aborted) this.#look();
    });
  }

  #look(): void {
    if (this.#looking !== null) return;
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = null;
    });
  }

  async #lookOnce(): Promise<void> {
    const { clock } = this.#project;
    const began = clock.now();
    // Before the look: what changes while it is taken is looked at by the next one.
    this.#mark = await this.#now();
    this.#looked_ms = began;
    try {
      this.#snapshot = snapshotOf(toIso(began), await statesAside(this.#project), null);
    } catch (error) {
      // What was known before still tells more than nothing.
      const { at, circuits } = this.#snapshot ?? NOTHING;
      this.#snapshot = snapshotOf(at, circuits, problemOf(error));
    } finally {
      const ended = clock.now();
      this.#rest_until_ms = ended + Math.max(SHORTEST_REST_MS, REST * (ended - began));
    }
    for (const listener of this.#listeners) listener();
  }

  /** Every change of the state has its event; files of the configuration have their times. */
  async #now(): Promise<string> {
    const { root, config, store } = this.#project;
    const files = ['trainyard.yaml', config.circuits, config.component].map(async (path) => {
      const found = await stat(resolve(root, path)).catch(() => null);
      return found === null ? '' : `${found.mtimeMs}/${found.size}`;
    });
    const last = await store.db
      .selectFrom('events')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst();
    return [last?.seq ?? 0, ...(await Promise.all(files))].join(' ');
  }
}

/** What is no fault of the files says nothing of itself: it may hold anything. */
function problemOf(error: unknown): FleetProblem {
  if (!(error instanceof TrainyardError) || error.code === 'unexpected')
    return {
      message: 'The fleet could not be looked at; it is tried again.',
      hint: '`trainyard plan` on the server shows what is wrong.',
      problems: [],
    };
  const { message, hint = null, problems } = error;
  return { message, hint, problems: problems.map((problem) => ({ ...problem })) };
}

function snapshotOf(
  at: string | null,
  circuits: readonly KeptCircuit[],
  problem: FleetProblem | null,
): FleetSnapshot {
  const counts: Record<CircuitState, number> = {
    good: 0,
    stale: 0,
    owed: 0,
    failed: 0,
    training: 0,
    waiting: 0,
    new: 0,
  };
  const plants = new Map<string, (readonly [string, number, number])[]>();
  for (const { plant_id, circuit_id, state, cause } of circuits) {
    counts[state]++;
    const tile = [circuit_id, CIRCUIT_STATES.indexOf(state), CAUSES.indexOf(cause)] as const;
    const of = plants.get(plant_id);
    if (of === undefined) plants.set(plant_id, [tile]);
    else of.push(tile);
  }
  return {
    at,
    circuits,
    by_id: new Map(circuits.map((c) => [c.id, c])),
    counts,
    problem,
    plants_json: JSON.stringify(
      [...plants]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([plant_id, tiles]) => ({ plant_id, circuits: tiles })),
    ),
  };
}

const NOTHING: FleetSnapshot = snapshotOf(null, [], null);
