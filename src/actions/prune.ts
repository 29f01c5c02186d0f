import type { Actor } from '../kernel/actor.ts';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project } from '../app.ts';
import { discardSnapshots, unneededSnapshots } from '../assets/index.ts';
import type { KeptRuns } from '../jobs/index.ts';
import { forgetDeliveries } from '../hooks/index.ts';
import { toIso } from '../kernel/clock.ts';
import { removeTree, sizeBelow } from '../kernel/files.ts';
import {
  dataOfRuns,
  halfRemovedRuns,
  knownNumbers,
  noteLogsRemoved,
  oldRuns,
  overFor,
  registersAssets,
  removeRun,
  runsForLogs,
  versionsInHand,
} from '../pipelines/index.ts';
import type { PruneItem, PruneKind, PruneReport } from '../pipelines/index.ts';
import { pruneVersions, refText } from '../registry/index.ts';
import type { RegistryName } from '../registry/index.ts';
import { forgetFirings } from '../schedules/index.ts';
import { batches } from '../store/index.ts';
import { putOnRecord } from './prune-report.ts';

export interface PruneOptions {
  /** Nothing is removed; the report and the items are those of the real thing. */
  readonly dry_run: boolean;
  /** Who wants it. */
  readonly by: Actor;
  /** The request that it answers. */
  readonly asked?: string;
  readonly tell?: (item: PruneItem) => void;
}

/** Providers that keep files of runs on this machine. */
const KEEPERS = ['local', 'simulated'] as const;
const REGISTRIES: readonly (readonly [RegistryName, RegistryName])[] = [
  ['dev', 'shared'],
  ['rehearsal-dev', 'rehearsal-shared'],
];
/** Runs whose logs are put on record as gone in one transaction. */
const RUNS = 100;

/**
 * Removes what retention says is old and nothing needs: files of models, logs of runs, runs, copies of code and data.
 * Each step first puts on record what goes, then removes it, in small pieces; killed at any moment and called again it
 * goes on, and nothing that is named anywhere is ever missing. Yields after each piece.
 */
export async function* prune(project: Project, options: PruneOptions): AsyncGenerator<void, PruneReport> {
  const work = new Pruning(project, options);
  if (!options.dry_run) await removeTree(work.trash);
  yield* work.models();
  yield* work.logs();
  yield* work.runs();
  yield* work.leftovers();
  yield* work.snapshots();
  const report = work.report();
  if (!options.dry_run) await putOnRecord(project, { by: options.by, asked: options.asked ?? null }, report);
  return report;
}

class Pruning {
  readonly trash: string;
  readonly #project: Project;
  readonly #options: PruneOptions;
  readonly #now: number;
  readonly #removed: Record<PruneKind, { count: number; bytes: number }> = {
    model: { count: 0, bytes: 0 },
    logs: { count: 0, bytes: 0 },
    run: { count: 0, bytes: 0 },
    snapshot: { count: 0, bytes: 0 },
    leftover: { count: 0, bytes: 0 },
  };
  readonly #kept = new Map<string, { kind: PruneKind; why: string; count: number }>();
  /** Versions of each run that lose their files. */
  readonly #leaving = new Map<string, number>();
  /** Runs whose logs go, and runs that go. */
  readonly #without_logs = new Set<string>();
  readonly #gone_runs = new Set<string>();

  constructor(project: Project, options: PruneOptions) {
    this.#project = project;
    this.#options = options;
    this.#now = project.clock.now();
    this.trash = join(project.store.folder, 'trash');
  }

  report(): PruneReport {
    const kept = [...this.#kept.values()].toSorted((a, b) => b.count - a.count);
    return { dry_run: this.#options.dry_run, removed: this.#removed, kept };
  }

  #before(seconds: number | null): string | null {
    return seconds === null ? null : toIso(this.#now - seconds * 1000);
  }

  #tell(item: PruneItem): void {
    const { kind, why, bytes } = item;
    if (item.action === 'remove') {
      this.#removed[kind].count++;
      // Contents of models are shared: what goes is counted file by file.
      if (kind !== 'model') this.#removed[kind].bytes += bytes ?? 0;
    } else {
      const known = this.#kept.get(`${kind} ${why}`) ?? { kind, why, count: 0 };
      known.count++;
      this.#kept.set(`${kind} ${why}`, known);
    }
    this.#options.tell?.(item);
  }

  async *models(): AsyncGenerator<void> {
    const { store, settings, world } = this.#project;
    const before = this.#before(settings.retention.models_s);
    for (const [dev, shared] of REGISTRIES) {
      for (const registry of [dev, shared]) {
        const { bytes } = yield* pruneVersions({
          store,
          registry,
          shared,
          // What was promoted stays, whatever its age; only what no version names goes from there.
          before: registry === dev ? before : null,
          clock: this.#project.clock,
          dry_run: this.#options.dry_run,
          neededBy: versionsInHand,
          tell: (version) => {
            if (version.action === 'remove')
              this.#leaving.set(version.run_id, (this.#leaving.get(version.run_id) ?? 0) + 1);
            const name = registry === 'dev' ? refText(version) : `${registry}/${refText(version)}`;
            this.#tell({
              kind: 'model',
              name,
              action: version.action,
              why: version.why,
              bytes: version.bytes,
            });
          },
          faultPoint: (name) => world.faultPoint(name),
        });
        this.#removed.model.bytes += bytes;
      }
    }
  }

  /** What lies there of runs that are over for long, and of runs that are gone. */
  async *logs(): AsyncGenerator<void> {
    const { store, settings, world } = this.#project;
    const { dry_run } = this.#options;
    const before = this.#before(settings.retention.logs_s);
    for (const kept of await this.#keepers()) {
      for (const ids of batches(await kept.runs(), RUNS)) {
        const verdicts = await runsForLogs(store.db, ids, before);
        for (const id of ids) {
          const verdict = verdicts.get(id);
          if (verdict?.action === 'keep') continue;
          const { bytes } = await kept.size(id);
          if (verdict?.action === 'remove' && before !== null && !dry_run) {
            if (!(await store.tx((tx) => noteLogsRemoved(tx, this.#now, id, before)))) continue;
            world.faultPoint('prune.logs_marked');
          }
          if (!dry_run) await kept.remove(id);
          world.faultPoint('prune.logs_removed');
          this.#without_logs.add(id);
          if (verdict === undefined || verdict.action === 'removed') {
            const why = verdict === undefined ? 'its run is gone' : 'its run is on record as without logs';
            this.#tell({ kind: 'leftover', name: `files of ${id}`, action: 'remove', why, bytes });
          } else {
            const why = verdict.ended_at === null ? '' : overFor(verdict.ended_at, this.#now);
            this.#tell({ kind: 'logs', name: `run ${verdict.number}`, action: 'remove', why, bytes });
          }
          yield;
        }
      }
    }
  }

  async *runs(): AsyncGenerator<void> {
    const { store, settings } = this.#project;
    const { dry_run } = this.#options;
    for (const { id, number } of await halfRemovedRuns(store.db))
      yield* this.#removeRun(id, number, null, 'its removal had begun');
    const before = this.#before(settings.retention.runs_s);
    if (before === null) return;
    const leaving = dry_run ? this.#leaving : new Map<string, number>();
    for await (const old of oldRuns(store.db, this.#now, before, leaving)) {
      if (old === null) {
        yield;
        continue;
      }
      const { id, number, action, why } = old;
      if (action === 'remove') yield* this.#removeRun(id, number, before, why);
      else {
        this.#tell({ kind: 'run', name: `run ${number}`, action, why, bytes: null });
        yield;
      }
    }
    if (dry_run) return;
    await store.tx(async (tx) => {
      await forgetFirings(tx, before);
      await forgetDeliveries(tx, before);
    });
  }

  async *#removeRun(id: string, number: number, before: string | null, why: string): AsyncGenerator<void> {
    const { store, world } = this.#project;
    const { dry_run } = this.#options;
    const artifacts = join(store.folder, 'runs', String(number));
    let { bytes } = await sizeBelow(artifacts);
    const keepers = this.#without_logs.has(id) ? [] : await this.#keepers();
    for (const kept of keepers) bytes += (await kept.size(id)).bytes;
    if (!dry_run) {
      const gone = yield* removeRun(store, this.#now, id, before, (name) => world.faultPoint(name));
      if (!gone) return;
      await removeTree(artifacts);
      for (const kept of keepers) await kept.remove(id);
    }
    this.#gone_runs.add(id);
    this.#tell({ kind: 'run', name: `run ${number}`, action: 'remove', why, bytes });
    yield;
  }

  /** Artifacts of runs that are gone, and what belongs to no run. */
  async *leftovers(): AsyncGenerator<void> {
    const { store } = this.#project;
    const { dry_run } = this.#options;
    const names = await readdir(join(store.folder, 'runs')).catch(() => []);
    const numbers = names.filter((name) => /^\d+$/.test(name)).map(Number);
    const known = await knownNumbers(store.db, numbers);
    for (const number of numbers.filter((each) => !known.has(each))) {
      const folder = join(store.folder, 'runs', String(number));
      const { bytes } = await sizeBelow(folder);
      if (!dry_run) await removeTree(folder);
      this.#tell({
        kind: 'leftover',
        name: `artifacts of run ${number}`,
        action: 'remove',
        why: 'its run is gone',
        bytes,
      });
      yield;
    }
    const without = new Set([...this.#without_logs, ...this.#gone_runs]);
    for (const kept of await this.#keepers()) {
      const { files, bytes } = await kept.removeRest({ dry_run, without });
      if (files > 0)
        this.#tell({
          kind: 'leftover',
          name: `journals (${files} files)`,
          action: 'remove',
          why: 'all runs that they tell of are removed',
          bytes,
        });
      yield;
    }
  }

  async *snapshots(): AsyncGenerator<void> {
    const { store, world } = this.#project;
    const { dry_run } = this.#options;
    const folder = join(store.folder, 'assets');
    const without = dry_run ? await dataOfRuns(store.db, this.#gone_runs) : new Set<string>();
    for (const some of batches(await unneededSnapshots(store.db, folder, without), RUNS)) {
      const sizes = new Map<string, number>();
      for (const { path } of some) sizes.set(path, (await sizeBelow(path)).bytes);
      const gone = dry_run
        ? (await registersAssets(store.db))
          ? []
          : some
        : await store.tx(async (tx) =>
            (await registersAssets(tx)) ? [] : discardSnapshots(tx, some, this.trash),
          );
      world.faultPoint('prune.snapshots_moved');
      if (!dry_run) await removeTree(this.trash);
      for (const { kind, digest, path } of gone)
        this.#tell({
          kind: 'snapshot',
          name: `${kind}/${digest.slice(0, 12)}`,
          action: 'remove',
          why: 'nothing names it',
          bytes: sizes.get(path) ?? 0,
        });
      yield;
    }
  }

  async #keepers(): Promise<KeptRuns[]> {
    const found: KeptRuns[] = [];
    for (const name of KEEPERS) {
      const { kept } = await this.#project.world.compute(name);
      if (kept !== undefined) found.push(kept);
    }
    return found;
  }
}
