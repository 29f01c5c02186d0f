import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Puts the files of a folder in place of those of another on the same disk, so that whoever reads there meanwhile finds
 * each file whole, the old or the new one: `entry` comes when all that it names is there, what is left over goes last.
 */
export async function putInPlace(made: string, place: string, entry: string): Promise<void> {
  const files = await filesIn(made);
  const first = files.filter((file) => !file.startsWith(entry));
  for (const file of [...first, ...files.filter((each) => each.startsWith(entry))]) {
    await mkdir(dirname(join(place, file)), { recursive: true });
    await rename(join(made, file), join(place, file));
  }
  const kept = new Set(files);
  for (const file of await filesIn(place)) if (!kept.has(file)) await rm(join(place, file), { force: true });
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
}
