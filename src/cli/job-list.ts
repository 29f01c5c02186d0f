import { readFile } from 'node:fs/promises';
import { UsageError, messageOf, systemCode } from '../kernel/errors.ts';
import { kindOf } from '../kernel/findings.ts';

/**
 * Job names from a file such as the artifact training_jobs, or from standard input for `-`; each once, in order.
 * @throws UsageError that says what was expected
 */
export async function readJobList(file: string): Promise<string[]> {
  const bytes = file === '-' ? await readStandardInput() : await readFile(file).catch(cannotRead(file));
  return parseJobList(bytes, file === '-' ? 'Standard input' : file);
}

async function readStandardInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(Buffer.from(piece as Uint8Array)); // no encoding is set on it
  return Buffer.concat(pieces);
}

const cannotRead =
  (file: string) =>
  (error: unknown): never => {
    const missing = systemCode(error) === 'ENOENT';
    throw new UsageError(
      missing ? `There is no file ${file}.` : `${file} cannot be read: ${messageOf(error)}.`,
      { hint: missing ? `Get it with \`${DOWNLOAD}\`.` : EXPECTED, cause: error },
    );
  };

/** Both shapes that such files have: a list of names, or an object with that list under `jobs`. */
export function parseJobList(bytes: Buffer, file: string): string[] {
  const refuse = (why: string): never => {
    throw new UsageError(`${file} is no list of jobs: ${why}.`, { hint: EXPECTED });
  };
  const text = decode(bytes).trim();
  if (text === '') return refuse('it is empty');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON (${messageOf(error)})`);
  }
  const list = listIn(document);
  if (!Array.isArray(list)) {
    if (typeof document !== 'object' || document === null) return refuse(`it is ${kindOf(document)}`);
    return refuse('jobs' in document ? `\`jobs\` is ${kindOf(list)}` : 'it is an object without `jobs`');
  }
  const names = new Set<string>();
  for (const [i, entry] of list.entries()) {
    if (typeof entry !== 'string') return refuse(`entry ${i + 1} is ${kindOf(entry)}, not a name`);
    if (entry.trim() === '') return refuse(`entry ${i + 1} is an empty name`);
    names.add(entry.trim());
  }
  return [...names];
}

const DOWNLOAD = 'trainyard artifacts download RUN training_jobs';
const EXPECTED = `What is expected is a JSON list of job names, or an object with that list under \`jobs\`, as \`${DOWNLOAD}\` brings it.`;

const listIn = (document: unknown): unknown =>
  typeof document === 'object' && document !== null && 'jobs' in document ? document.jobs : document;

/** Without the byte order mark; PowerShell writes UTF-16 with one. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}
