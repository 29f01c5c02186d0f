import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Lower-case hex sha256 of text or bytes. */
export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** sha256 and size of a file, streamed. */
export async function fileDigest(path: string): Promise<{ sha256: string; size: number }> {
  const hasher = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hasher.update(chunk);
    size += chunk.length;
  }
  return { sha256: hasher.digest('hex'), size };
}

/** Files below a folder as sorted relative paths with `/`; `skip` leaves out names of files and folders. */
export async function listFiles(
  folder: string,
  skip: (name: string) => boolean = () => false,
): Promise<string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      if (skip(entry.name)) continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  await walk('');
  return found.toSorted();
}

/** One digest over names and contents of a folder's files. */
export async function folderDigest(folder: string, skip?: (name: string) => boolean): Promise<string> {
  const hasher = createHash('sha256');
  for (const path of await listFiles(folder, skip)) {
    hasher.update(`${path}\0${(await fileDigest(join(folder, path))).sha256}\n`);
  }
  return hasher.digest('hex');
}

/** JSON with sorted keys and no spaces: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
}
