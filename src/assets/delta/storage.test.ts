import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { limiter } from './limit.ts';
import { localStorage } from './storage.ts';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe('localStorage', () => {
  it('lists the files directly inside a folder with size and time', async () => {
    const folder = await folderWith({ 'log/b': 'four', 'log/a': '', 'log/deep/c': 'x', d: 'x' });
    await utimes(
      join(folder, 'log/b'),
      new Date('2026-03-01T10:00:00.123Z'),
      new Date('2026-03-01T10:00:00.123Z'),
    );
    await symlink(join(folder, 'd'), join(folder, 'log/link'));
    await symlink(join(folder, 'gone'), join(folder, 'log/broken'));
    const files = (await localStorage(folder).list('log'))?.toSorted((x, y) => (x.name < y.name ? -1 : 1));
    expect(files?.map(({ name, size_bytes }) => [name, size_bytes])).toEqual([
      ['a', 0],
      ['b', 4],
      ['link', 1],
    ]);
    expect(files?.[1]?.modified_at).toBe('2026-03-01T10:00:00.123Z');
  });

  it('lists from a name on', async () => {
    const folder = await folderWith({ a1: '', a2: '', a3: '' });
    const files = await localStorage(folder).list('', { startAfter: 'a1' });
    expect(files?.map((file) => file.name).toSorted()).toEqual(['a2', 'a3']);
  });

  it('has null for what does not exist, and an error that names what exists and cannot be read', async () => {
    const folder = await folderWith({ 'log/a': 'x' });
    const storage = localStorage(folder);
    expect(await storage.list('nowhere')).toBeNull();
    expect(await storage.list('log/a')).toBeNull();
    expect(await storage.read('log/b')).toBeNull();
    expect(await storage.readRange('log/b', 0, 1)).toBeNull();
    await expect(storage.read('log')).rejects.toMatchObject({
      message: expect.stringContaining(join(folder, 'log')),
    });
  });

  it('reads ranges, cut at the end of the file', async () => {
    const storage = localStorage(await folderWith({ a: '0123456789' }));
    const range = async (start: number, end: number) =>
      new TextDecoder().decode((await storage.readRange('a', start, end)) ?? undefined);
    expect(await range(2, 5)).toBe('234');
    expect(await range(8, 20)).toBe('89');
    expect(await range(4, 4)).toBe('');
  });

  it('does not leave its folder', async () => {
    const storage = localStorage(await folderWith({ a: 'x' }));
    await expect(storage.read('../a')).rejects.toMatchObject({ exit_code: 2 });
    await expect(storage.list('..')).rejects.toMatchObject({ exit_code: 2 });
  });
});

describe('limiter', () => {
  it('keeps to its limit when new work comes in while old work ends, and goes on after failures', async () => {
    const limit = limiter(2);
    let running = 0;
    let most = 0;
    const work = async (fails: boolean): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (fails) throw new Error('no');
    };
    const first = Array.from({ length: 9 }, (_, i) =>
      limit(() => work(i % 3 === 0)).then(() => limit(() => work(false))),
    );
    const ended = await Promise.allSettled(first);
    expect(ended.filter((result) => result.status === 'rejected')).toHaveLength(3);
    expect(most).toBe(2);
  });
});
