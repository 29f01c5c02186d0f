import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { CheckResult } from '../../jobs/compute.ts';
import { TrainyardError, messageOf } from '../../kernel/errors.ts';
import { tryLauncher } from './launcher-process.ts';
import type { Preparation } from './preparation.ts';
import type { Python } from './python.ts';

const LEAST_FREE_GIB = 1;

/** Is this machine fit to run jobs? */
export async function checkMachine(
  preparation: Preparation,
  state_folder: string,
  workers: number,
): Promise<CheckResult[]> {
  if (process.platform === 'win32') {
    return [
      bad(
        'platform',
        'The local provider does not run on Windows.',
        'Use WSL, or another provider in trainyard.yaml.',
      ),
    ];
  }
  const { result, python } = await checkPython(preparation);
  return [
    result,
    ...(python === null ? [] : [await checkLauncher(python)]),
    await checkFolder(state_folder),
    await checkDisk(state_folder),
    checkCores(workers),
  ];
}

async function checkPython(
  preparation: Preparation,
): Promise<{ result: CheckResult; python: Python | null }> {
  try {
    const python = await preparation.python();
    return { result: good('python', `Python ${python.version} at ${python.executable}`), python };
  } catch (error) {
    const hint = error instanceof TrainyardError ? error.hint : undefined;
    return { result: bad('python', messageOf(error), hint ?? 'Install Python 3.9 or newer.'), python: null };
  }
}

async function checkLauncher(python: Python): Promise<CheckResult> {
  const said = await tryLauncher(python);
  if (said === null) return good('launcher', 'the process that starts jobs runs');
  return bad(
    'launcher',
    `The process that starts jobs does not run: ${said}`,
    `Check that ${python.executable} works.`,
  );
}

async function checkFolder(state_folder: string): Promise<CheckResult> {
  const folder = await nearestFolder(state_folder);
  try {
    await access(folder, constants.W_OK);
    return good('state folder', `${state_folder} is writable`);
  } catch (error) {
    return bad(
      'state folder',
      `${folder} is not writable: ${messageOf(error)}`,
      'Check the owner and the rights of the folder.',
    );
  }
}

async function checkDisk(state_folder: string): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(await nearestFolder(state_folder));
  const free_gib = (bavail * bsize) / 2 ** 30;
  const message = `${free_gib.toFixed(1)} GiB free`;
  return free_gib >= LEAST_FREE_GIB
    ? good('disk', message)
    : bad('disk', `Only ${message} where ${state_folder} lies.`, 'Free some space before training.');
}

function checkCores(workers: number): CheckResult {
  const cores = availableParallelism();
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`;
  return good('cores', `${workers} jobs at a time on ${cores} cores, ${memory}`);
}

/** The folder itself, or the first one above it that exists. */
async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await stat(at).catch(() => null))?.isDirectory() === true || at === dirname(at)) return at;
  }
}

const good = (name: string, message: string): CheckResult => ({ name, ok: true, message, hint: null });
const bad = (name: string, message: string, hint: string): CheckResult => ({
  name,
  ok: false,
  message,
  hint,
});
