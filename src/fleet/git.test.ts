import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { fileAt, gitFacts, gitIdentity, resolveBase } from './index.ts';

let root: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@x', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
const commit = (message: string): string => {
  git('add', '.');
  git('commit', '-m', message);
  return git('rev-parse', 'HEAD');
};

let first: string;
let forked: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainyard-git-'));
  git('init', '-b', 'main');
  await mkdir(join(root, 'project/config'), { recursive: true });
  await writeFile(join(root, 'project/config/circuits.yaml'), 'one');
  first = commit('first');
  git('switch', '-c', 'work');
  await writeFile(join(root, 'project/config/circuits.yaml'), 'two');
  forked = commit('on a branch');
  git('switch', 'main');
  await writeFile(join(root, 'other.txt'), 'x');
  commit('main went on');
  git('switch', 'work');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('resolveBase', () => {
  it('is where the branch left the base, not where the base is by now', async () => {
    expect(await resolveBase(join(root, 'project'), 'main')).toBe(first);
    expect(await resolveBase(root, 'HEAD')).toBe(forked);
  });

  it.each(['nowhere', 'origin/main', '--upload-pack=x', ''])(
    'refuses a ref that git does not know: "%s"',
    async (ref) => {
      await expect(resolveBase(root, ref)).rejects.toThrow(UsageError);
      await expect(resolveBase(root, ref)).rejects.toMatchObject({
        hint: expect.stringContaining('--detection hash'),
      });
    },
  );
});

describe('fileAt', () => {
  it('reads a file of the project as it was, wherever the project lies in the repository', async () => {
    expect(await fileAt(join(root, 'project'), first, 'config/circuits.yaml')).toBe('one');
    expect(await fileAt(join(root, 'project'), forked, 'config/circuits.yaml')).toBe('two');
  });

  it('knows that a file was not there yet', async () => {
    expect(await fileAt(join(root, 'project'), first, 'config/later.yaml')).toBeNull();
    await writeFile(join(root, 'project/config/untracked.yaml'), 'x');
    expect(await fileAt(join(root, 'project'), first, 'config/untracked.yaml')).toBeNull();
    await rm(join(root, 'project/config/untracked.yaml'));
  });

  it('passes on what git said when it is no commit at all', async () => {
    await expect(fileAt(root, 'nonsense', 'other.txt')).rejects.toThrow(UsageError);
  });
});

describe('gitFacts', () => {
  it('tells commit and branch, and whether files differ from the commit', async () => {
    expect(await gitFacts(join(root, 'project'))).toEqual({ commit: forked, branch: 'work', dirty: false });
    await writeFile(join(root, 'project/config/circuits.yaml'), 'three');
    expect((await gitFacts(join(root, 'project'))).dirty).toBe(true);
    git('checkout', '.');
    git('checkout', '--detach');
    expect(await gitFacts(root)).toEqual({ commit: forked, branch: null, dirty: false });
    git('switch', 'work');
  });

  it('knows nothing outside a work tree, and only the branch before the first commit', async () => {
    const plain = await mkdtemp(join(tmpdir(), 'trainyard-plain-'));
    expect(await gitFacts(plain)).toEqual({ commit: null, branch: null, dirty: false });
    execFileSync('git', ['-C', plain, 'init', '-b', 'main'], { stdio: 'ignore' });
    expect((await gitFacts(plain)).commit).toBeNull();
    await rm(plain, { recursive: true });
  });
});

describe('gitIdentity', () => {
  it('is the address git would put under a commit, else the login name', async () => {
    git('config', 'user.email', 'ann@example.com');
    expect(await gitIdentity(root, 'login')).toBe('ann@example.com');
    git('config', 'user.email', '');
    expect(await gitIdentity(root, 'login')).toBe('login');
  });
});
