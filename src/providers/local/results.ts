import type { Stats } from 'node:fs';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Component } from '../../assets/index.ts';
import type { JobOutputs, LogChunk, OutputFile } from '../../jobs/compute.ts';
import { listFiles } from '../../kernel/digest.ts';
import { systemCode } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';
import { outputFolder } from './job-order.ts';

const LARGEST_METRICS_BYTES = 1 << 20;

/** What an attempt wrote to its outputs. */
export function readOutputs(attempt_folder: string, component: Component): JobOutputs {
  return {
    files: (output) =>
      Object.hasOwn(component.outputs, output)
        ? outputFiles(outputFolder(attempt_folder, output))
        : Promise.resolve([]),
    ...readMetrics(attempt_folder, component),
  };
}

async function outputFiles(folder: string): Promise<OutputFile[]> {
  try {
    const files: OutputFile[] = [];
    for (const path of fewFiles(folder) ?? (await listFiles(folder))) {
      const local_path = join(folder, path);
      // A link that leads nowhere, or to a folder, is no file of the output.
      const found = statOf(local_path);
      if (found?.isFile() === true)
        files.push({ path, size: found.size, local_path, open: () => createReadStream(local_path) });
    }
    return files;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(`read ${folder}`, error);
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

const FEW = 50;

/**
 * The names in a flat folder with few files; null for any other. Most jobs write a file or two: looking at those at once
 * takes microseconds, where a thread pool takes turns from the jobs that run meanwhile.
 */
function fewFiles(folder: string): string[] | null {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.length > FEW || entries.some((entry) => entry.isDirectory())) return null;
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .toSorted();
}

type Metrics = Pick<JobOutputs, 'metrics' | 'metrics_problem'>;

/** The first `metrics.json` in the order of the outputs; an output that is a file named `metrics` counts as one. */
function readMetrics(attempt_folder: string, component: Component): Metrics {
  for (const [name, { type }] of Object.entries(component.outputs)) {
    if (type === 'uri_file' && name !== 'metrics') continue;
    const path = join(outputFolder(attempt_folder, name), type === 'uri_file' ? 'metrics' : 'metrics.json');
    const found = statOf(path);
    if (found?.isFile() !== true) continue;
    if (found.size > LARGEST_METRICS_BYTES) {
      return {
        metrics: null,
        metrics_problem: `${basename(path)} of output ${name} is larger than 1 MB and was not read.`,
      };
    }
    return parseMetrics(readFileSync(path, 'utf8'), `${basename(path)} of output ${name}`);
  }
  return { metrics: null, metrics_problem: null };
}

/** Numbers are kept; everything else is named in the problem. Python's `NaN` and `Infinity` are read, as no numbers. */
export function parseMetrics(text: string, what: string): Metrics {
  let value: unknown;
  try {
    value = JSON.parse(
      text.replaceAll(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (token) =>
        token.startsWith('"') ? token : 'null',
      ),
    );
  } catch {
    return { metrics: null, metrics_problem: `${what} is not JSON.` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { metrics: null, metrics_problem: `${what} is not a map of names to numbers.` };
  }
  const entries = Object.entries(value);
  const numbers = entries.filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  const others = entries
    .filter(([, v]) => typeof v !== 'number' || !Number.isFinite(v))
    .map(([name]) => name);
  const shown = others.slice(0, 5).join(', ') + (others.length > 5 ? ` and ${others.length - 5} more` : '');
  return {
    metrics: Object.fromEntries(numbers),
    metrics_problem: others.length === 0 ? null : `${what}: not finite numbers and left out: ${shown}.`,
  };
}

/** A piece of an attempt's log from a byte offset (negative: from the end); never cuts a UTF-8 character while more can come. */
export async function readLog(
  attempt_folder: string,
  { offset: asked, limit, over }: { readonly offset: number; readonly limit: number; readonly over: boolean },
): Promise<LogChunk> {
  const path = join(attempt_folder, 'log');
  const file = await open(path, 'r').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw fileError(`read ${path}`, error);
  });
  if (file === null) return { text: '', next_offset: Math.max(0, asked), ended: over };
  try {
    const offset = asked < 0 ? await characterStart(file, asked) : asked;
    // Room for one whole character, or a caller with a small limit would never get on.
    const buffer = Buffer.alloc(Math.max(4, limit));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    const { size } = await file.stat();
    const at_end = offset + bytesRead >= size;
    const whole = over && at_end ? bytesRead : bytesRead - brokenTail(buffer.subarray(0, bytesRead));
    const next_offset = offset + whole;
    return { text: buffer.toString('utf8', 0, whole), next_offset, ended: over && next_offset >= size };
  } finally {
    await file.close();
  }
}

/** The offset so many bytes before the end, moved on to where a character begins. */
async function characterStart(file: FileHandle, back: number): Promise<number> {
  const offset = Math.max(0, (await file.stat()).size + back);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, offset);
  let skip = 0;
  while (offset > 0 && skip < bytesRead && ((buffer[skip] ?? 0) & 0xc0) === 0x80) skip++;
  return offset + skip;
}

/** How many bytes at the end are the beginning of a character whose rest is missing. */
function brokenTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
