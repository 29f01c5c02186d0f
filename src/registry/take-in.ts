import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileDigest, sha256 as digestOf } from '../kernel/digest.ts';
import { ProviderError, TrainyardError, messageOf, systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';
import type { OutputFile } from './registry.ts';

/** Up to here (1 MiB) a file is held in memory, so that one the store knows already costs no write. */
export const IN_MEMORY_BYTES = 1 << 20;

/** What was read: a small file as `bytes`, a large one in the temporary file, synced. */
export interface Taken {
  readonly ok: true;
  readonly sha256: string;
  readonly size: number;
  readonly bytes: Buffer | null;
  /** The sha256 is that of the temporary file as it was read back. */
  readonly read_back: boolean;
}

export interface Unreadable {
  readonly ok: false;
  readonly message: string;
  readonly retryable: boolean;
}

/**
 * Reads a file to its end, holding it or writing it to `temporary`. Trouble with the source is a value.
 * @throws TrainyardError when the temporary file cannot be written; the caller removes what is left of it
 */
export async function takeIn(file: OutputFile, temporary: string): Promise<Taken | Unreadable> {
  if (file.local_path !== null && file.size > IN_MEMORY_BYTES)
    return copyIn(file, file.local_path, temporary);
  let stream: Readable | null = null;
  let handle: FileHandle | null = null;
  try {
    const hasher = createHash('sha256');
    const held: Buffer[] = [];
    let size = 0;
    stream = file.open();
    const chunks: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      const chunk = toBuffer(next.value);
      size += chunk.length;
      held.push(chunk);
      if (size <= IN_MEMORY_BYTES) continue;
      handle ??= await writing(temporary, () => open(temporary, 'wx'));
      for (const each of held.splice(0)) await append(handle, temporary, each, hasher);
    }
    if (size !== file.size) return { ok: false, message: cutShort(file, size), retryable: true };
    if (handle === null) {
      const bytes = Buffer.concat(held);
      return { ok: true, sha256: digestOf(bytes), size, bytes, read_back: false };
    }
    const whole = handle;
    await writing(temporary, () => whole.sync());
    return { ok: true, sha256: hasher.digest('hex'), size, bytes: null, read_back: false };
  } catch (error) {
    if (error instanceof WriteFailure) throw error.reason;
    return unreadable(file, error);
  } finally {
    stream?.destroy();
    await handle?.close().catch(() => undefined);
  }
}

/** Shares blocks where the file system can. The copy is what gets digested: the source may still be changing. */
async function copyIn(file: OutputFile, source: string, temporary: string): Promise<Taken | Unreadable> {
  try {
    await (await open(source, 'r')).close();
  } catch (error) {
    return unreadable(file, error);
  }
  try {
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(temporary, 0o644);
    const handle = await open(temporary, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    const { sha256, size } = await fileDigest(temporary);
    if (size !== file.size) return { ok: false, message: cutShort(file, size), retryable: false };
    return { ok: true, sha256, size, bytes: null, read_back: true };
  } catch (error) {
    throw fileError(`copy ${source} to ${temporary}`, error);
  }
}

/** Tells a failed write from a failed read inside one loop. */
class WriteFailure extends Error {
  readonly reason: TrainyardError;
  constructor(reason: TrainyardError) {
    super(reason.message);
    this.reason = reason;
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new WriteFailure(fileError(`write ${path}`, error));
  }
}

async function append(handle: FileHandle, path: string, chunk: Buffer, hasher: Hash): Promise<void> {
  hasher.update(chunk);
  await writing(path, () => handle.writeFile(chunk));
}

function toBuffer(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Buffer.from(String(chunk));
}

const cutShort = (file: OutputFile, size: number): string =>
  `${file.path} gave ${size} bytes instead of ${file.size}.`;

function unreadable(file: OutputFile, error: unknown): Unreadable {
  const retryable =
    error instanceof TrainyardError
      ? error instanceof ProviderError && error.retryable
      : systemCode(error) !== 'ENOENT';
  return { ok: false, message: `${file.path} could not be read: ${messageOf(error)}`, retryable };
}
