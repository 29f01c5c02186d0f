import { chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError, ConflictError, CorruptRowError, UsageError } from '../kernel/errors.ts';
import { memoryStore } from '../store/index.ts';
import { findAsset, registerAssets } from './asset-store.ts';
import type { RegisteredAsset } from './asset-store.ts';
import { codeDigest, codeFiles } from './code-files.ts';
import { dataDigest, snapshotCode, snapshotData } from './code-store.ts';
import { loadComponent } from './component.ts';
import { componentOf, snapshotComponent } from './stored-assets.ts';
import type { Component } from './types.ts';
import { testProject } from './test-project.ts';

const FILES = { 'src/train.py': 'print(1)\n', 'src/lib/util.py': 'x = 1\n', 'src/run.sh': '#!/bin/sh\n' };

describe('codeFiles', () => {
  it('leaves out caches, version control and what the ignore file names', async () => {
    const root = await testProject({
      ...FILES,
      'src/__pycache__/a.pyc': '',
      'src/b.pyc': '',
      'src/.git/config': '',
      'src/.gitignore': 'nothing\n',
      'src/.amlignore': '# data\n/data/\n*.log\n!keep.log\nlib/*.txt\ntrain.py/\n',
      'src/data/x.csv': '',
      'src/lib/data/y.csv': '',
      'src/lib/a.log': '',
      'src/keep.log': '',
      'src/lib/a.txt': '',
      'src/a.txt': '',
    });
    expect((await codeFiles(join(root, 'src'))).map((f) => f.path)).toEqual([
      ...[
        '.amlignore',
        '.gitignore',
        'a.txt',
        'keep.log',
        'lib/data/y.csv',
        'lib/util.py',
        'run.sh',
        'train.py',
      ],
    ]);
  });

  it('follows links, once round, and names one that leads nowhere', async () => {
    const root = await testProject({ ...FILES, 'shared/s.py': '' });
    await symlink(join(root, 'shared'), join(root, 'src/shared'));
    await symlink(join(root, 'src'), join(root, 'src/lib/up'));
    expect((await codeFiles(join(root, 'src'))).map((f) => f.path)).toEqual([
      'lib/util.py',
      'run.sh',
      'shared/s.py',
      'train.py',
    ]);
    await symlink('gone', join(root, 'src/broken'));
    await expect(codeFiles(join(root, 'src'))).rejects.toThrow(ConfigError);
  });

  it('has a digest that names, contents and the executable bit move', async () => {
    const root = await testProject(FILES);
    const src = join(root, 'src');
    const before = await codeDigest(src);
    await chmod(join(src, 'train.py'), 0o755);
    expect(await codeDigest(src)).not.toBe(before);
    await chmod(join(src, 'train.py'), 0o600);
    expect(await codeDigest(src)).toBe(before);
    await writeFile(join(src, 'new.py'), '');
    expect(await codeDigest(src)).not.toBe(before);
  });
});

describe('snapshotCode', () => {
  it('copies the folder once, read-only, executables still executable', async () => {
    const root = await testProject(FILES);
    const digest = await codeDigest(join(root, 'src'));
    const copy = await snapshotCode(join(root, 'src'), digest, join(root, 'store'));
    expect(copy).toBe(join(root, 'store/code', digest));
    expect(await readFile(join(copy, 'lib/util.py'), 'utf8')).toBe('x = 1\n');
    expect((await stat(join(copy, 'train.py'))).mode & 0o777).toBe(0o444);
    expect((await stat(join(copy, 'run.sh'))).mode & 0o777).toBe(0o555);
    await writeFile(join(root, 'src/train.py'), 'print(2)\n');
    expect(await snapshotCode(join(root, 'src'), digest, join(root, 'store'))).toBe(copy);
    expect(await readFile(join(copy, 'train.py'), 'utf8')).toBe('print(1)\n');
  });

  it('refuses a folder that changed, and leaves nothing behind', async () => {
    const root = await testProject(FILES);
    const digest = await codeDigest(join(root, 'src'));
    await writeFile(join(root, 'src/train.py'), 'print(2)\n');
    await expect(snapshotCode(join(root, 'src'), digest, join(root, 'store'))).rejects.toThrow(ConflictError);
    expect(await readdir(join(root, 'store/code'))).toEqual([]);
  });

  it('gives all that ask at once the same whole copy', async () => {
    const root = await testProject(FILES);
    const digest = await codeDigest(join(root, 'src'));
    const copies = await Promise.all(
      Array.from({ length: 8 }, () => snapshotCode(join(root, 'src'), digest, join(root, 'store'))),
    );
    expect(new Set(copies).size).toBe(1);
    expect(await codeDigest(copies[0] ?? '')).toBe(digest);
    expect(await readdir(join(root, 'store/code'))).toEqual([digest]);
  });

  it('is not misled by what a crash left half done', async () => {
    const root = await testProject(FILES);
    const digest = await codeDigest(join(root, 'src'));
    await mkdir(join(root, `store/code/.copying-${digest}.0123456789ab`), { recursive: true });
    const copy = await snapshotCode(join(root, 'src'), digest, join(root, 'store'));
    expect(await codeDigest(copy)).toBe(digest);
  });

  it('takes nothing but a digest for a folder name', async () => {
    const root = await testProject(FILES);
    await expect(snapshotCode(join(root, 'src'), '../../etc', join(root, 'store'))).rejects.toThrow(
      UsageError,
    );
  });
});

/** The component as it comes back from the store. */
async function registered(component: Component): Promise<RegisteredAsset> {
  const store = memoryStore();
  onTestFinished(() => store.close());
  const { name, version, digest } = component;
  const asset = { kind: 'component' as const, name, version, digest, content: component, file: null };
  await store.tx((tx) => registerAssets(tx, [asset], { run_id: null, at: '2026-11-22T00:00:00.000Z' }));
  const found = await findAsset(store.db, 'component', name, version);
  if (found === null) throw new Error('not registered');
  return found;
}

describe('snapshotComponent', () => {
  it('puts snapshots in place of code folders, and the result survives the store', async () => {
    const text =
      'name: a\nversion: 1\ncommand: x\ncode: ./src\ninputs: {n: {type: integer, min: 1, default: 2}}\n';
    const root = await testProject({ ...FILES, 'c.yaml': text });
    const component = await loadComponent(join(root, 'c.yaml'));
    const stored = await snapshotComponent(component, join(root, 'store'));
    const digest = await codeDigest(join(root, 'src'));
    expect(stored).toMatchObject({
      digest: component.digest,
      spec: { code: { folder: join(root, 'store/code', digest), digest } },
    });
    expect(componentOf(await registered(stored))).toEqual(stored);
    const strange = await registered({ ...stored, version: '2' });
    expect(() => componentOf({ ...strange, content: { ...strange.content, type: 'else' } })).toThrow(
      CorruptRowError,
    );
  });

  it('takes every job of a pipeline', async () => {
    const job = '{command: x, code: ./src}';
    const text = `type: pipeline\nname: a\nversion: 1\njobs: {one: ${job}, two: ${job}}\n`;
    const root = await testProject({ ...FILES, 'c.yaml': text });
    const stored = await snapshotComponent(await loadComponent(join(root, 'c.yaml')), join(root, 'store'));
    const folder = join(root, 'store/code', await codeDigest(join(root, 'src')));
    expect(stored).toMatchObject({ jobs: [{ spec: { code: { folder } } }, { spec: { code: { folder } } }] });
    expect(componentOf(await registered(stored))).toEqual(stored);
  });
});

describe('snapshotData', () => {
  it('keeps the name of a file, and files of one content apart by name', async () => {
    const root = await testProject({ 'a.csv': '1\n', 'b.csv': '1\n' });
    const { type, digest } = await dataDigest(join(root, 'a.csv'));
    expect(type).toBe('uri_file');
    const a = await snapshotData(join(root, 'a.csv'), digest, join(root, 'store'));
    expect(a).toBe(join(root, 'store/data', digest, 'a.csv'));
    expect(await snapshotData(join(root, 'b.csv'), digest, join(root, 'store'))).toBe(
      join(root, 'store/data', digest, 'b.csv'),
    );
    await rm(join(root, 'a.csv'));
    expect(await snapshotData(join(root, 'a.csv'), digest, join(root, 'store'))).toBe(a);
    expect(await readFile(a, 'utf8')).toBe('1\n');
  });

  it('copies a folder whole, hidden and ignored files too', async () => {
    const root = await testProject({ 'd/.gitignore': '*\n', 'd/x/1.bin': 'a', 'd/__pycache__/k': 'b' });
    const { type, digest } = await dataDigest(join(root, 'd'));
    expect(type).toBe('uri_folder');
    const copy = await snapshotData(join(root, 'd'), digest, join(root, 'store'));
    expect((await readdir(copy)).toSorted()).toEqual(['.gitignore', '__pycache__', 'x']);
    expect((await dataDigest(copy)).digest).toBe(digest);
  });

  it('refuses data that changed', async () => {
    const root = await testProject({ 'a.csv': '1\n' });
    const { digest } = await dataDigest(join(root, 'a.csv'));
    await writeFile(join(root, 'a.csv'), '2\n');
    await expect(snapshotData(join(root, 'a.csv'), digest, join(root, 'store'))).rejects.toThrow(
      'changed since the plan was made',
    );
  });
});
