import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../kernel/clock.ts';
import { fileDigest } from '../kernel/digest.ts';
import { TrainyardError } from '../kernel/errors.ts';
import { fileError, syncFolder } from '../kernel/files.ts';
import type { StoredFile } from './model-version.ts';
import type { ModelFile, OutputFile } from './registry.ts';
import { IN_MEMORY_BYTES, takeIn } from './take-in.ts';
import type { Unreadable } from './take-in.ts';

/** Files of one registry by their content's sha256, below its folder: `objects/ab/cdef…`. Equal contents lie there once. */
export interface ObjectStore {
  /** Where the object lies, whether it exists or not. */
  path(sha256: string): string;
  /** Whether all of these lie there, by name and size. */
  hasAll(files: readonly StoredFile[]): Promise<boolean>;
  /** A stream that fails at its end when the content is not what the name says. */
  read(sha256: string): Readable;
  /** Whether the object is there; at once, for whoever holds the registry's lock. */
  has(file: StoredFile): boolean;
  /** Begins a batch: within it equal contents cost one look at the disk, and folders are synced once. */
  batch(): ObjectBatch;
}

export interface ObjectBatch {
  /**
   * Takes a file in, whole or not at all. Trouble with reading it is a value, trouble with writing is thrown.
   * @throws TrainyardError when the disk is full or read-only
   */
  put(file: OutputFile): Promise<PutResult>;
  /** Takes in a file whose sha256 is known and reads back what was written; an object that is there already is read too. */
  putChecked(file: ModelFile): Promise<PutResult>;
  /** Makes everything taken in survive a power cut. */
  flush(): Promise<void>;
}

export type PutResult = { readonly ok: true; readonly file: StoredFile } | Unreadable;

const LEFTOVER_AGE_MS = 24 * 3600 * 1000;

export function objectStore(folder: string, clock: Clock): ObjectStore {
  const incoming = join(folder, 'incoming');
  const path = (sha256: string): string => join(folder, 'objects', sha256.slice(0, 2), sha256.slice(2));
  let prepared: Promise<void> | null = null;
  const prepare = (): Promise<void> => {
    prepared ??= prepareIncoming(incoming, clock.now()).catch((error: unknown) => {
      prepared = null;
      throw fileError(`write below ${folder}`, error);
    });
    return prepared;
  };
  /** Runs `work` with a name for an unfinished file and leaves nothing under it. */
  const withTemporary = async <T>(work: (temporary: string) => Promise<T>): Promise<T> => {
    await prepare();
    const temporary = join(incoming, randomBytes(12).toString('hex'));
    try {
      return await work(temporary);
    } finally {
      // Mostly it was never made, or moved away: unlinking what is not there is the cheapest way to know.
      await unlink(temporary).catch(() => undefined);
    }
  };

  return {
    path,
    hasAll: async (files) => {
      const sizes = await Promise.all(files.map((file) => sizeOf(path(file.sha256))));
      return sizes.every((size, i) => size === files[i]?.size);
    },
    read: (sha256) => checkedStream(path(sha256), sha256),
    has: ({ sha256, size }) => statSync(path(sha256), { throwIfNoEntry: false })?.size === size,
    batch: () => {
      const done = new Map<string, Promise<Unreadable | null>>();
      const touched = new Set<string>();
      const once = (sha256: string, work: () => Promise<Unreadable | null>): Promise<Unreadable | null> => {
        const known = done.get(sha256) ?? work();
        done.set(sha256, known);
        return known;
      };
      const moveIn = async (temporary: string, sha256: string): Promise<void> => {
        const target = path(sha256);
        try {
          await chmod(temporary, 0o444);
          if ((await mkdir(dirname(target), { recursive: true })) !== undefined) {
            touched.add(folder).add(join(folder, 'objects'));
          }
          await rename(temporary, target);
        } catch (error) {
          throw fileError(`write ${target}`, error);
        }
      };

      return {
        put: (file) =>
          withTemporary(async (temporary) => {
            const taken = await takeIn(file, temporary);
            if (!taken.ok) return taken;
            const { sha256, size, bytes } = taken;
            await once(sha256, async () => {
              // An object found here may come from a process that died before it synced the folder.
              touched.add(dirname(path(sha256)));
              if ((await sizeOf(path(sha256))) === size) return null;
              if (bytes !== null) await writeSynced(temporary, bytes);
              await moveIn(temporary, sha256);
              return null;
            });
            return { ok: true, file: { path: file.path, size, sha256 } };
          }),

        putChecked: async (file) => {
          const { sha256, size } = file;
          const failure = await once(sha256, () =>
            withTemporary(async (temporary) => {
              const target = path(sha256);
              touched.add(dirname(target));
              if ((await sizeOf(target)) === size && (await digestOf(target)) === sha256) return null;
              const taken = await takeIn(file, temporary);
              if (!taken.ok) return taken;
              if (taken.sha256 !== sha256) return notAsRegistered(file, taken.sha256);
              if (taken.bytes !== null) await writeSynced(temporary, taken.bytes);
              const found = taken.read_back ? taken.sha256 : await digestOf(temporary);
              if (found !== sha256) return notAsRegistered(file, found);
              await moveIn(temporary, sha256);
              return null;
            }),
          );
          return failure ?? { ok: true, file: { path: file.path, size, sha256 } };
        },

        flush: async () => {
          for (const each of touched) await syncFolder(each);
          touched.clear();
        },
      };
    },
  };
}

/** What a stored file turns into when somebody edited it, or the disk lost bits. */
export const changedError = (path: string, found: string): TrainyardError =>
  new TrainyardError('unexpected', `The stored model file ${path} was changed: its sha256 is now ${found}.`, {
    hint: 'Restore the file from a backup, or withdraw the version and train its circuit again.',
  });

/** Makes the folder for unfinished files and clears what a crash left in it a day ago or longer. */
async function prepareIncoming(incoming: string, now: number): Promise<void> {
  await mkdir(incoming, { recursive: true });
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    const entry = await stat(path).catch(() => null);
    if (entry !== null && now - entry.mtimeMs > LEFTOVER_AGE_MS) await rm(path, { force: true });
  }
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(`write ${path}`, error);
  }
}

const sizeOf = async (path: string): Promise<number | null> =>
  (await stat(path).catch(() => null))?.size ?? null;

const digestOf = async (path: string): Promise<string> =>
  (await fileDigest(path).catch(() => null))?.sha256 ?? 'unreadable';

const notAsRegistered = (file: ModelFile, found: string): Unreadable => ({
  ok: false,
  message: `${file.path} has the sha256 ${found}, not ${file.sha256} as registered.`,
  retryable: false,
});

function checkedStream(path: string, sha256: string): Readable {
  const read = async function* (): AsyncGenerator<Buffer> {
    const hasher = createHash('sha256');
    const chunks = createReadStream(path, { highWaterMark: IN_MEMORY_BYTES }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      hasher.update(chunk);
      yield chunk;
    }
    const found = hasher.digest('hex');
    if (found !== sha256) throw changedError(path, found);
  };
  return Readable.from(read(), { objectMode: false });
}
