import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putInPlace } from '../scripts/put-in-place.ts';

describe('a build that is put in place of another', () => {
  let base = '';
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'trainyard-place-'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  const made = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = join(base, name);
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(folder, file, '..'), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    return folder;
  };

  it('has its files and no others afterwards, also where nothing was', async () => {
    const place = join(base, 'place');
    await putInPlace(await made('one', { 'index.html': 'a', 'assets/a.js': 'a' }), place, 'index.html');
    await putInPlace(await made('two', { 'index.html': 'b', 'assets/b.js': 'b' }), place, 'index.html');
    expect(await readFile(join(place, 'index.html'), 'utf8')).toBe('b');
    expect(await readdir(join(place, 'assets'))).toEqual(['b.js']);
  });

  it('never leaves a reader without a page, nor with one whose script is missing', async () => {
    const place = await made('read', { 'index.html': '0', 'assets/0.js': '0' });
    const builds = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        made(`next-${i}`, { 'index.html': `${i + 1}`, [`assets/${i + 1}.js`]: `${i + 1}` }),
      ),
    );
    let over = false;
    let read = 0;
    const reading = (async () => {
      while (!over) {
        const named = await readFile(join(place, 'index.html'), 'utf8');
        // The next build may have come since; then its page is there.
        const script = await readFile(join(place, 'assets', `${named}.js`), 'utf8').catch(() => null);
        if (script === null)
          expect(Number(await readFile(join(place, 'index.html'), 'utf8'))).toBeGreaterThan(Number(named));
        read++;
      }
    })();
    for (const build of builds) await putInPlace(build, place, 'index.html');
    over = true;
    await reading;
    expect(read).toBeGreaterThan(0);
  });
});
