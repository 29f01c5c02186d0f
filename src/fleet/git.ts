import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError, messageOf } from '../kernel/errors.ts';

const run = promisify(execFile);

/** What git says of a project folder; nulls where it is no work tree or has no commit. */
export interface GitFacts {
  readonly commit: string | null;
  readonly branch: string | null;
  /** Paths below the project that differ from the commit. */
  readonly dirty: boolean;
}

const git = async (folder: string, args: readonly string[]): Promise<string> => {
  const { stdout } = await run('git', ['-C', folder, ...args], { maxBuffer: 1 << 30, encoding: 'utf8' });
  return stdout;
};

export async function gitFacts(folder: string): Promise<GitFacts> {
  const ask = (args: readonly string[]): Promise<string | null> =>
    git(folder, args).then(
      (out) => out.trim(),
      () => null,
    );
  const [commit, branch, status] = await Promise.all([
    ask(['rev-parse', '--verify', '--quiet', 'HEAD']),
    ask(['rev-parse', '--abbrev-ref', 'HEAD']),
    ask(['status', '--porcelain', '--untracked-files=no', '--', '.']),
  ]);
  return {
    commit: commit === '' ? null : commit,
    branch: branch === '' || branch === 'HEAD' || commit === null ? null : branch,
    dirty: status !== null && status !== '',
  };
}

/** Who acts on this machine: `git config user.email`, else the login name. */
export async function gitIdentity(folder: string, fallback: string): Promise<string> {
  const email = await git(folder, ['config', 'user.email']).then(
    (out) => out.trim(),
    () => '',
  );
  return email === '' ? fallback : email;
}

/**
 * The commit that `ref` and HEAD have in common (the commit of `ref` itself where there is none).
 * @throws UsageError when git does not know the ref
 */
export async function resolveBase(folder: string, ref: string): Promise<string> {
  let commit: string;
  try {
    commit = (
      await git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
    ).trim();
  } catch (error) {
    throw new UsageError(`git does not know the base ref ${ref}.`, {
      hint: 'Fetch it first (CI checkouts are often shallow: fetch with full depth), or use --detection hash.',
      cause: error,
    });
  }
  return git(folder, ['merge-base', commit, 'HEAD']).then(
    (out) => out.trim(),
    () => commit,
  );
}

/** The text of a file at a commit; null when it was not there. `path` is relative to the project folder. */
export async function fileAt(folder: string, commit: string, path: string): Promise<string | null> {
  try {
    return await git(folder, ['show', `${commit}:./${path}`]);
  } catch (error) {
    if (/does not exist|exists on disk, but not in|path .* not in/i.test(messageOfStderr(error))) return null;
    throw new UsageError(`git could not show ${path} at ${commit.slice(0, 12)}: ${messageOf(error)}`, {
      hint: 'Check the checkout, or use --detection hash.',
      cause: error,
    });
  }
}

/** A server that does not answer must not keep anybody, nor a disk. */
const FETCH_MS = 60_000;
const MERGE_MS = 60_000;
/** Programs of the repository's own are not for a moment at which nobody watches. */
const NO_HOOKS = ['-c', 'core.hooksPath=/dev/null'];

/**
 * Asks the remote of the current branch what is new there, without ever asking a person for a password.
 * @throws UsageError with what git says
 */
export async function fetchUpstream(folder: string, signal: AbortSignal): Promise<void> {
  await attempt(folder, 'fetch', ['--quiet', '--no-tags'], { signal, timeout: FETCH_MS });
}

/**
 * Moves the current branch and its files to what was fetched; never merges, and never overwrites what somebody changed, nor
 * files that git ignores.
 * @throws UsageError with what git says
 */
export async function fastForward(folder: string, signal: AbortSignal): Promise<void> {
  const args = ['--ff-only', '--no-overwrite-ignore', '--no-autostash', '--quiet', '@{upstream}'];
  await attempt(folder, 'merge', args, { signal, timeout: MERGE_MS });
}

async function attempt(
  folder: string,
  command: 'fetch' | 'merge',
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<void> {
  // Nobody sits there who could type a password.
  const env = {
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    ...process.env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
  };
  try {
    await run('git', ['-C', folder, ...NO_HOOKS, command, ...args], { ...options, env, encoding: 'utf8' });
  } catch (error) {
    // An address may carry a password.
    const says =
      messageOfStderr(error)
        .trim()
        .split('\n')
        .at(-1)
        ?.replaceAll(/\/\/[^/@\s]*@/g, '//') ?? '';
    throw new UsageError(`git ${command} did not work: ${says === '' ? 'it did not answer in time' : says}`, {
      hint: 'Try `git pull --ff-only` in the project folder, as the user that the server runs as.',
      cause: error,
    });
  }
}

const messageOfStderr = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : messageOf(error);
