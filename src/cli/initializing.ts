import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError } from '../kernel/errors.ts';
import { listFiles } from '../kernel/digest.ts';
import { copyFileWhole, writeFileWhole } from '../kernel/files.ts';
import { packageFolder } from '../kernel/package-folder.ts';

/** The example in the checkout and in the published package alike. */
const EXAMPLE = join(packageFolder(), 'examples', 'weather-stations');
/** npm leaves .gitignore files out of packages, so this one is written. */
const GITIGNORE = '.trainyard/\ndata/mltables/\n__pycache__/\n';

/**
 * Copies the example into a folder; files that are there already are never overwritten.
 * @throws ConflictError naming what is in the way, before anything is written
 */
export async function initProject(target: string): Promise<string[]> {
  const skip = (name: string): boolean =>
    name === '.trainyard' || name === '__pycache__' || name === 'mltables' || name === '.gitignore';
  const files = await listFiles(EXAMPLE, skip);
  const taken = files.filter((file) => existsSync(join(target, file)));
  if (taken.length > 0) {
    throw new ConflictError(
      `${target} has ${taken.slice(0, 3).join(', ')}${taken.length > 3 ? ' and more' : ''} already; nothing was written.`,
      {
        hint: 'Choose a folder that has none of them, or a new one: `trainyard init NEW-FOLDER`.',
      },
    );
  }
  for (const file of files) await copyFileWhole(join(EXAMPLE, file), join(target, file));
  const ignore = join(target, '.gitignore');
  const before = existsSync(ignore) ? await readFile(ignore, 'utf8') : '';
  if (!before.includes('.trainyard/'))
    await writeFileWhole(ignore, before === '' ? GITIGNORE : `${before.trimEnd()}\n${GITIGNORE}`);
  return files;
}
