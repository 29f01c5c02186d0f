import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ConfigError } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';

/** For tests: a folder with these files (path to content), gone when the test is over. Files named `*.sh` are executable. */
export async function testProject(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-assets-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    if (path.endsWith('.sh')) await chmod(file, 0o755);
  }
  return root;
}

/** For tests: the findings of a load that must fail, with file names relative to the project. */
export async function problemsOf(root: string, load: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await load;
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((p) => ({ ...p, file: p.file.replace(`${root}/`, '') }));
    throw error;
  }
  throw new Error('the load went through');
}

/** For tests: findings as lines, `file:line path: message [hint]`. */
export const asLines = (problems: readonly Problem[]): readonly string[] =>
  problems.map((p) => `${p.file}:${p.line ?? '-'} ${p.path}: ${p.message} [${p.hint ?? ''}]`);
