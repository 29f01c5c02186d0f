import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { ask, commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const artifacts = parent.command('artifacts').description('Lists and downloads the files a run wrote.');
  commonAnywhere(
    artifacts
      .command('list', { isDefault: true })
      .argument('[run]', 'number or id (default: the newest)')
      .description('files of a run'),
    'trainyard artifacts list 12',
  ).action(list);
  commonAnywhere(
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
  const { run, artifacts } = await ask(flags, 'read', {
    here: async ({ store: { db } }) => {
      const { getRun, listRuns } = await import('../../pipelines/index.ts');
      const { artifactRow, artifactsOf } = await import('../../views/index.ts');
      const found =
        key === undefined
          ? (await listRuns(db, { limit: 1, rehearsal: false, pipeline: 'train' }))[0]
          : await getRun(db, key);
      const rows = found === undefined ? [] : await artifactsOf(db, found);
      return { run: found?.number ?? null, artifacts: rows.map(artifactRow) };
    },
    there: async (yard) => {
      const { newestRun } = await import('../there.ts');
      const found = key ?? (await newestRun(yard, { rehearsal: 'false', pipeline: 'train' }));
      if (found === undefined) return { run: null, artifacts: [] };
      const { run: number, items } = await ok(
        yard.api.runs[':run'].artifacts.$get({ param: { run: found } }),
      );
      return { run: number, artifacts: items };
    },
  });
  if (flags.json === true) {
    printJson({ run, artifacts });
    return;
  }
  if (artifacts.length === 0) {
    print(
      run === null
        ? 'No training run yet. Of a rehearsal or of scripts: trainyard artifacts RUN'
        : `Run ${run} wrote no files.`,
    );
    return;
  }
  const { table } = await import('../render/table.ts');
  print(
    table(artifacts, [
      { title: 'name', value: (a) => a.name },
      { title: 'bytes', value: (a) => String(a.size), align: 'right' },
      { title: 'written', value: (a) => a.created_at.slice(0, 19).replace('T', ' ') },
      { title: 'sha256', value: (a) => a.sha256.slice(0, 12) },
    ]),
  );
}

async function download(key: string, names: string[], flags: CommonOptions & { out: string }): Promise<void> {
  const { join, resolve } = await import('node:path');
  const { artifactNamed } = await import('../../views/index.ts');
  const { writeFileWhole } = await import('../../kernel/files.ts');
  const { sha256 } = await import('../../kernel/digest.ts');
  const { TrainyardError } = await import('../../kernel/errors.ts');
  const files: string[] = [];
  const write = async (
    run: number,
    { name, sha256: wanted }: { readonly name: string; readonly sha256: string },
    text: string,
  ): Promise<void> => {
    if (sha256(text) !== wanted)
      throw new TrainyardError(
        'unexpected',
        `The artifact ${name} of run ${run} is not what the run wrote: its digest differs.`,
        { hint: 'Restore the state folder from a backup; the rows of the run still hold the facts.' },
      );
    const target = join(resolve(flags.out), `${name}.json`);
    await writeFileWhole(target, text);
    files.push(target);
  };
  const number = await ask(flags, 'read', {
    here: async ({ store }) => {
      const { readFile } = await import('node:fs/promises');
      const { getRun } = await import('../../pipelines/index.ts');
      const { artifactsOf } = await import('../../views/index.ts');
      const { confine } = await import('../../kernel/files.ts');
      const run = await getRun(store.db, key);
      const rows = await artifactsOf(store.db, run);
      for (const row of names.length === 0 ? rows : names.map((name) => artifactNamed(rows, run, name)))
        await write(run.number, row, await readFile(confine(store.folder, row.path), 'utf8'));
      return run.number;
    },
    there: async (yard) => {
      const { run, items } = await ok(yard.api.runs[':run'].artifacts.$get({ param: { run: key } }));
      const wanted =
        names.length === 0 ? items : names.map((name) => artifactNamed(items, { number: run }, name));
      for (const row of wanted) {
        const answer = await yard.send(`/runs/${run}/artifacts/${encodeURIComponent(row.name)}`);
        await write(run, row, await answer.text());
      }
      return run;
    },
  });
  if (flags.json === true) printJson({ run: number, files });
  else for (const file of files) print(file);
}
