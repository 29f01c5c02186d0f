import { join } from 'node:path';
import { toIso } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { NotFoundError, UsageError } from '../kernel/errors.ts';
import type { Store } from '../store/index.ts';
import { inParallel } from './in-parallel.ts';
import { checkFile, downloadAll } from './model-files.ts';
import type { LocalFile } from './model-files.ts';
import { refText, removedMessage } from './model-version.ts';
import type { ModelVersion, ModelVersionDetail, RegistryName } from './model-version.ts';
import { objectStore } from './object-store.ts';
import { FILES_AT_ONCE } from './place.ts';
import type { Place } from './place.ts';
import { registerAll } from './register.ts';
import type { ModelRegistry } from './registry.ts';
import { shareAll } from './share.ts';
import { findVersions, listVersions, versionsOfRun, withdrawVersion } from './version-store.ts';

/** The registry that needs nothing else: rows in the project's store, files below `<state>/registries/<name>/`. */
export function embeddedRegistry(options: {
  readonly store: Store;
  readonly registry: RegistryName;
  readonly clock: Clock;
}): ModelRegistry {
  const { store, registry, clock } = options;
  const objects = objectStore(join(store.folder, 'registries', registry), clock);
  const now = (): string => toIso(clock.now());
  const place: Place = { store, registry, objects, now };

  const get = async (model_name: string, version: number): Promise<ModelVersionDetail | null> =>
    (await findVersions(store.db, registry, [{ model_name, version }]))[0] ?? null;

  const must = async (model_name: string, version: number): Promise<ModelVersion> => {
    const found = await get(model_name, version);
    if (found !== null) return found;
    throw new NotFoundError(`The ${registry} registry has no ${refText({ model_name, version })}.`, {
      hint: await hintFor(store, registry, model_name),
    });
  };

  /** The same of a version that has its files. */
  const whole = async (model_name: string, version: number): Promise<ModelVersion> => {
    const found = await must(model_name, version);
    if (found.files_removed_at === null) return found;
    throw new NotFoundError(removedMessage(found), {
      hint: `Everything else of it is still there: trainyard models show ${refText(found)}. Train its circuit again with \`trainyard run --circuits ${found.circuit_id}\`.`,
    });
  };

  const files = (model: ModelVersion): LocalFile[] =>
    model.files.map((file) => ({
      ...file,
      local_path: objects.path(file.sha256),
      open: () => objects.read(file.sha256),
    }));

  return {
    describe: () => ({ name: registry, title: `${registry} registry on this machine` }),
    register: (batch) => registerAll(place, batch),
    get,
    find: (refs) => findVersions(store.db, registry, refs),
    list: (query) => listVersions(store.db, registry, query),
    versionsOfRun: (run_id) => versionsOfRun(store.db, registry, run_id),

    withdraw: async (model_name, version, by, reason) => {
      if (by.name.trim() === '' || reason.trim() === '') {
        throw new UsageError(`Withdrawing ${refText({ model_name, version })} needs a name and a reason.`, {
          hint: 'Say why, so that it stands on record.',
        });
      }
      await must(model_name, version);
      await store.tx((tx) =>
        withdrawVersion(tx, registry, { model_name, version }, { at: now(), by, reason }),
      );
      return must(model_name, version);
    },

    share: (refs, from) => shareAll(place, refs, from),
    visible: async (refs) =>
      (await findVersions(store.db, registry, refs)).map(
        (version) => version !== null && version.withdrawn === null,
      ),

    files: (model) => Promise.resolve(files(model)),
    open: async (model_name, version) => {
      const model = await whole(model_name, version);
      return { model, files: files(model) };
    },
    verify: async (model_name, version) => {
      const problems = await inParallel(files(await whole(model_name, version)), FILES_AT_ONCE, checkFile);
      return problems.filter((problem) => problem !== null);
    },
    download: async (model_name, version, folder) =>
      downloadAll(files(await whole(model_name, version)), folder),
  };
}

async function hintFor(store: Store, registry: RegistryName, model_name: string): Promise<string> {
  const newest = await listVersions(store.db, registry, { model_name, limit: 1 });
  const version = newest.items[0];
  if (version === undefined)
    return `See which models there are with \`trainyard models list${registry === 'dev' ? '' : ` --registry ${registry}`}\`.`;
  return `Its newest version is ${refText(version)}.`;
}
