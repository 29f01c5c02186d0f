import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrainyardError, UsageError } from './errors.ts';
import { confine, copyFileWhole, fileError, writeFileWhole } from './files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('writeFileWhole', () => {
  it('makes the folders it needs and leaves nothing but the file', async () => {
    await writeFileWhole(join(folder, 'a/b/c.json'), '{}');
    expect(await readFile(join(folder, 'a/b/c.json'), 'utf8')).toBe('{}');
    expect(await readdir(join(folder, 'a/b'))).toEqual(['c.json']);
  });

  it('replaces a file whole', async () => {
    const path = join(folder, 'replaced.txt');
    await writeFileWhole(path, 'a long first text');
    await writeFileWhole(path, new TextEncoder().encode('short'));
    expect(await readFile(path, 'utf8')).toBe('short');
  });

  it('leaves the old content and no leftovers when the file cannot be put in place', async () => {
    const place = join(folder, 'taken');
    await mkdir(join(place, 'target'), { recursive: true });
    await writeFile(join(place, 'target', 'inside'), 'kept');
    await expect(writeFileWhole(join(place, 'target'), 'x')).rejects.toThrow(/Could not write .*target/);
    expect(await readdir(place)).toEqual(['target']);
    expect(await readFile(join(place, 'target', 'inside'), 'utf8')).toBe('kept');
  });

  it('gives the file the mode it was asked for', async () => {
    const path = join(folder, 'private');
    await writeFileWhole(path, 'secret', 0o600);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('copyFileWhole', () => {
  it('leaves no half copy when the source is missing', async () => {
    const place = join(folder, 'copies');
    await mkdir(place);
    await expect(copyFileWhole(join(folder, 'nowhere'), join(place, 'copy'))).rejects.toThrow(
      /Could not copy/,
    );
    expect(await readdir(place)).toEqual([]);
  });
});

describe('fileError', () => {
  it.each([
    ['ENOSPC', /disk is full/],
    ['EROFS', /writable/],
    ['EACCES', /writable/],
    ['ENOENT', /path/],
  ])('says what helps against %s', (code, hint) => {
    const error = fileError('write x', Object.assign(new Error('failed'), { code }));
    expect(error.message).toBe('Could not write x: failed');
    expect(error.hint).toMatch(hint);
  });

  it('passes on an error that says it already', () => {
    const known = new TrainyardError('conflict', 'taken');
    expect(fileError('write x', known)).toBe(known);
  });
});

describe('confine', () => {
  it.each(['model.json', 'a/../b', '.', './x', 'a..b'])('lets %s through', (path) => {
    expect(confine('/root', path).startsWith('/root')).toBe(true);
  });

  it.each(['..', '../x', 'a/../../x', '/etc/passwd', '../rootless'])('refuses %s', (path) => {
    expect(() => confine('/root', path)).toThrow(UsageError);
  });

  it('confines to the root of the file system too', () => {
    expect(confine('/', 'etc')).toBe('/etc');
  });
});
