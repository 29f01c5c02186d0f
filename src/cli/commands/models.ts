import type { Command } from 'commander';
import { Option } from 'commander';
import { collectWhole, common, wholeNumber, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';
import type { RegistryName } from '../../registry/index.ts';
import type { ModelRow } from '../../views/index.ts';

interface ListFlags extends CommonOptions {
  readonly registry: RegistryName;
  readonly model?: string;
  readonly circuit?: string;
  readonly run?: string;
  readonly tag?: readonly string[];
  readonly limit: number;
  readonly after?: string;
}

const registryOption = (): Option =>
  new Option('--registry <name>', 'which registry; rehearsals have a pair of their own')
    .choices(['dev', 'shared', 'rehearsal-dev', 'rehearsal-shared'] satisfies RegistryName[])
    .default('dev');

export function define(parent: Command): void {
  const models = parent
    .command('models')
    .description('Lists, shows, downloads and withdraws model versions.');
  common(
    models
      .command('list', { isDefault: true })
      .description('versions by model, newest first')
      .addOption(registryOption())
      .option('--model <name>', 'of this model')
      .option('--circuit <id>', 'of this circuit')
      .option('--run <run>', 'registered by this run')
      .option('--tag <key=value>', 'with this tag; repeatable', collectWhole)
      .option('--after <model:version>', 'the next page: `next` of the last one')
      .option('--limit <n>', 'how many', wholeNumber, 50),
    `
    trainyard models list --registry shared
    trainyard models list --tag retry=true`,
  ).action(list);
  common(
    models
      .command('show')
      .argument('<model>', 'name, or name:version')
      .addOption(registryOption())
      .description('metrics, tags, files and where it comes from'),
    'trainyard models show seattle-wind:3',
  ).action(show);
  common(
    models
      .command('withdraw')
      .argument('<model:version>', 'which version')
      .requiredOption('--reason <text>', 'why')
      .description('takes a version out of use: it no longer counts as good, and its circuit is owed again'),
    'trainyard models withdraw seattle-wind:3 --reason "trained on broken sensor data"',
  ).action(withdraw);
  common(
    models
      .command('download')
      .argument('<model:version>', 'which version')
      .addOption(registryOption())
      .option('-o, --out <dir>', 'where to', '.')
      .description('writes its files into a folder, checked'),
    'trainyard models download seattle-wind:3 -o model',
  ).action(download);
}

async function list(flags: ListFlags): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { parseRef, refText, statedVersions } = await import('../../registry/index.ts');
    const { modelRow, registryNamed } = await import('../../views/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const tags: Record<string, string> = {};
    for (const tag of flags.tag ?? []) {
      const at = tag.indexOf('=');
      if (at < 1)
        throw new UsageError(`--tag ${tag} is not key=value.`, { hint: 'For example --tag retry=true' });
      tags[tag.slice(0, at)] = tag.slice(at + 1);
    }
    const after = flags.after === undefined ? null : parseRef(flags.after);
    if (flags.after !== undefined && after === null)
      throw new UsageError(`--after ${flags.after} is not model:version.`);
    const page = await registryNamed(project, flags.registry).list({
      ...(flags.model === undefined ? {} : { model_name: flags.model }),
      ...(flags.circuit === undefined ? {} : { circuit_id: flags.circuit }),
      ...(flags.run === undefined ? {} : { run_id: (await getRun(project.store.db, flags.run)).id }),
      tags,
      after,
      limit: flags.limit,
    });
    const rows = (await statedVersions(project.store.db, flags.registry, page.items)).map(modelRow);
    if (flags.json === true) {
      printJson({ models: rows, next: page.next === null ? null : refText(page.next) });
      return;
    }
    if (rows.length === 0) {
      print(
        flags.registry.endsWith('shared')
          ? 'Nothing was promoted yet that matches.'
          : 'No model version matches.',
      );
      return;
    }
    const { table } = await import('../render/table.ts');
    const { headline } = await import('../render/metrics.ts');
    print(
      table(rows, [
        { title: 'model', value: (m) => m.model_name },
        { title: 'version', value: (m) => String(m.version), align: 'right' },
        { title: 'state', value: stateOf },
        { title: 'hash', value: (m) => m.training_hash },
        { title: 'created', value: (m) => m.created_at.slice(0, 19).replace('T', ' ') },
        { title: 'metrics', value: (m) => headline(m.metrics, 3) },
      ]),
    );
    if (page.next !== null) print(`More: trainyard models list --after ${refText(page.next)}`);
  });
}

/** One word for the table; empty: an older version that nobody took out of use. */
function stateOf({ state, files_removed_at }: ModelRow): string {
  switch (state) {
    case 'withdrawn':
      return files_removed_at === null ? 'withdrawn' : 'withdrawn, no files';
    case 'removed':
      return 'no files';
    case 'pull_request':
      return 'pull request';
    case 'superseded':
      return '';
    default:
      return state;
  }
}

async function show(name: string, flags: CommonOptions & { registry: RegistryName }): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { lineage, parseRef } = await import('../../registry/index.ts');
    const { registryNamed } = await import('../../views/index.ts');
    const { NotFoundError } = await import('../../kernel/errors.ts');
    const registry = registryNamed(project, flags.registry);
    const ref = parseRef(name);
    const newest = ref === null ? (await registry.list({ model_name: name, limit: 1 })).items[0] : undefined;
    const model =
      ref === null
        ? newest === undefined
          ? null
          : await registry.get(newest.model_name, newest.version)
        : await registry.get(ref.model_name, ref.version);
    if (model === null) {
      const { didYouMean } = await import('../../kernel/suggest.ts');
      const known = (
        await project.store.db
          .selectFrom('model_versions')
          .select('model_name')
          .distinct()
          .where('registry', '=', flags.registry)
          .limit(5000)
          .execute()
      ).map((r) => r.model_name);
      throw new NotFoundError(`The ${flags.registry} registry has no ${name}.`, {
        hint: didYouMean(ref?.model_name ?? name, known) ?? 'List them with `trainyard models list`.',
      });
    }
    const origin = lineage(model);
    if (flags.json === true) {
      printJson({ ...model, settings: JSON.parse(model.settings) as unknown, lineage: origin });
      return;
    }
    const { oneLine } = await import('../render/style.ts');
    const line = (text: string): void => print(oneLine(text));
    line(
      `${model.model_name} v${model.version}  (${flags.registry})${model.withdrawn === null ? '' : `  withdrawn by ${model.withdrawn.by}: ${model.withdrawn.reason}`}`,
    );
    print('  lineage');
    for (const [key, value] of Object.entries(origin))
      if (value !== null && typeof value !== 'object') line(`    ${key.padEnd(20)} ${String(value)}`);
    if (Object.keys(model.metrics).length > 0) print('  metrics');
    for (const [key, value] of Object.entries(model.metrics)) line(`    ${key.padEnd(20)} ${value}`);
    print('  tags');
    for (const [key, value] of Object.entries(model.tags)) line(`    ${key.padEnd(20)} ${value}`);
    print(
      model.files_removed_at === null
        ? '  files'
        : `  files, removed by retention at ${model.files_removed_at.slice(0, 16)}Z`,
    );
    for (const file of model.files)
      line(`    ${file.path}  ${file.size} bytes  sha256 ${file.sha256.slice(0, 16)}`);
  });
}

async function withdraw(name: string, flags: CommonOptions & { reason: string }): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const ref = await refOf(name);
    const actor = await project.actor();
    const { withdrawModel } = await import('../../actions/index.ts');
    const { model, promoted } = await withdrawModel(project, ref, actor, flags.reason);
    if (flags.json === true) printJson(model);
    else
      print(
        `${model.model_name} v${model.version} is withdrawn${promoted ? ', in the shared registry too' : ''}. \`trainyard why ${model.circuit_id}\` shows what that means for its circuit.`,
      );
  });
}

async function download(
  name: string,
  flags: CommonOptions & { registry: RegistryName; out: string },
): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { resolve } = await import('node:path');
    const { registryNamed } = await import('../../views/index.ts');
    const ref = await refOf(name);
    const done = await registryNamed(project, flags.registry).download(
      ref.model_name,
      ref.version,
      resolve(flags.out),
    );
    if (flags.json === true) printJson(done);
    else for (const file of done.files) print(`${done.folder}/${file.path}`);
  });
}

async function refOf(name: string): Promise<{ model_name: string; version: number }> {
  const { parseRef } = await import('../../registry/index.ts');
  const { UsageError } = await import('../../kernel/errors.ts');
  const ref = parseRef(name);
  if (ref === null)
    throw new UsageError(`${name} names no model version.`, {
      hint: 'Write it as name:version, for example seattle-wind:3.',
    });
  return ref;
}
