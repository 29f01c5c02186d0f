import type { Command } from 'commander';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const artifacts = parent.command('artifacts').description('Lists and downloads the files a run wrote.');
  common(
    artifacts
      .command('list', { isDefault: true })
      .argument('[run]', 'number or id (default: the newest)')
      .description('files of a run'),
    'trainyard artifacts list 12',
  ).action(list);
  common(
    artifacts
      .command('download')
      .argument('<run>', 'number or id')
      .argument('[name...]', 'which ones, without .json (default: all)')
      .option('-o, --out <dir>', 'where to', '.')
      .description('copies them into a folder, checked'),
    'trainyard artifacts download 12 training_jobs -o out',
  ).action(download);
}

async function list(key: string | undefined, flags: CommonOptions): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { getRun, listRuns } = await import('../../pipelines/index.ts');
    const run =
      key === undefined
        ? (await listRuns(project.store.db, { limit: 1, rehearsal: false, pipeline: 'train' }))[0]
        : await getRun(project.store.db, key);
    const { artifactRow, artifactsOf } = await import('../../views/index.ts');
    const rows = run === undefined ? [] : await artifactsOf(project.store.db, run);
    if (flags.json === true) {
      printJson({ run: run?.number ?? null, artifacts: rows.map(artifactRow) });
      return;
    }
    if (rows.length === 0) {
      print(run === undefined ? 'No runs yet.' : `Run ${run.number} wrote no files.`);
      return;
    }
    const { table } = await import('../render/table.ts');
    print(
      table(rows, [
        { title: 'name', value: (a) => a.name },
        { title: 'bytes', value: (a) => String(a.size), align: 'right' },
        { title: 'written', value: (a) => a.created_at.slice(0, 19).replace('T', ' ') },
        { title: 'sha256', value: (a) => a.sha256.slice(0, 12) },
      ]),
    );
  });
}

async function download(key: string, names: string[], flags: CommonOptions & { out: string }): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { join, resolve } = await import('node:path');
    const { readFile } = await import('node:fs/promises');
    const { getRun } = await import('../../pipelines/index.ts');
    const { TrainyardError } = await import('../../kernel/errors.ts');
    const { artifactNamed, artifactsOf } = await import('../../views/index.ts');
    const { sha256 } = await import('../../kernel/digest.ts');
    const { confine, writeFileWhole } = await import('../../kernel/files.ts');
    const run = await getRun(project.store.db, key);
    const rows = await artifactsOf(project.store.db, run);
    const wanted = names.length === 0 ? rows : names.map((name) => artifactNamed(rows, run, name));
    const files: string[] = [];
    for (const row of wanted) {
      const text = await readFile(confine(project.store.folder, row.path), 'utf8');
      if (sha256(text) !== row.sha256) {
        throw new TrainyardError(
          'unexpected',
          `The artifact ${row.name} of run ${run.number} is not what the run wrote: its digest differs.`,
          { hint: 'Restore the state folder from a backup; the rows of the run still hold the facts.' },
        );
      }
      const target = join(resolve(flags.out), `${row.name}.json`);
      await writeFileWhole(target, text);
      files.push(target);
    }
    if (flags.json === true) printJson({ run: run.number, files });
    else for (const file of files) print(file);
  });
}
