import type { Command } from 'commander';
import { common } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

const FILE = '.github/workflows/training-orchestrator.yml';

interface CiFlags extends CommonOptions {
  readonly out: string;
  readonly force?: boolean;
}

export function define(parent: Command): void {
  const ci = parent.command('ci').description('Writes pipelines for CI systems.');
  common(
    ci
      .command('github')
      .description('A GitHub Actions workflow that runs the training scripts of this repository from a form.')
      .option('-o, --out <file>', 'where to, from the project; - for standard output', FILE)
      .option('--force', 'replace a file that is there and differs'),
    `
    trainyard ci github
    trainyard ci github --out - | less`,
  ).action(github);
}

async function github(flags: CiFlags): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const { resolve } = await import('node:path');
  const { githubWorkflow } = await import('../../ci/index.ts');
  const { ownVersion } = await import('../../kernel/package-folder.ts');
  const text = githubWorkflow(ownVersion());
  if (flags.out === '-') {
    process.stdout.write(text);
    return;
  }
  const path = resolve(flags.project ?? '.', flags.out);
  const before = await readFile(path, 'utf8').catch(() => null);
  if (before !== null && before !== text && flags.force !== true) {
    const { ConflictError } = await import('../../kernel/errors.ts');
    throw new ConflictError(`${flags.out} is there and differs; nothing was written.`, {
      hint: 'Compare with `trainyard ci github --out -`, or replace it with --force.',
    });
  }
  const { writeFileWhole } = await import('../../kernel/files.ts');
  if (before !== text) await writeFileWhole(path, text);
  if (flags.json === true) printJson({ file: path, written: before !== text });
  else
    print(
      before === text
        ? `${flags.out} is up to date.`
        : `Wrote ${flags.out}. Commit it, then start it from the Actions tab.`,
    );
}
