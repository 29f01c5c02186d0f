import type { Command } from 'commander';
import { Option } from 'commander';
import { ok } from '../../client/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { ask, collectWhole, commonAnywhere, wholeNumber } from '../options.ts';
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
  commonAnywhere(
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
  commonAnywhere(
    models
      .command('show')
      .argument('<model>', 'name, or name:version')
      .addOption(registryOption())
      .description('metrics, tags, files and where it comes from'),
    'trainyard models show seattle-wind:3',
  ).action(show);
  commonAnywhere(
    models
      .command('withdraw')
      .argument('<model:version>', 'which version')
      .requiredOption('--reason <text>', 'why')
      .description('takes a version out of use: it no longer counts as good, and its circuit is owed again'),
    'trainyard models withdraw seattle-wind:3 --reason "trained on broken sensor data"',
  ).action(withdraw);
  commonAnywhere(
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
  const { parseRef, refText } = await import('../../registry/index.ts');
  const tags = tagsOf(flags.tag ?? []);
  const after = flags.after === undefined ? null : parseRef(flags.after);
  if (flags.after !== undefined && after === null)
    throw new UsageError(`--after ${flags.after} is not model:version.`);
  const { registry, model, circuit, run, limit } = flags;
  const { models, next } = await ask(flags, 'read', {
    here: async (project) => {
      const { statedVersions } = await import('../../registry/index.ts');
      const { modelRow, registryNamed } = await import('../../views/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { db } = project.store;
      const page = await registryNamed(project, registry).list({
        ...(model === undefined ? {} : { model_name: model }),
        ...(circuit === undefined ? {} : { circuit_id: circuit }),
        ...(run === undefined ? {} : { run_id: (await getRun(db, run)).id }),
        tags,
        after,
        limit,
      });
      const rows = await statedVersions(db, registry, page.items);
      return { models: rows.map(modelRow), next: page.next === null ? null : refText(page.next) };
    },
    there: async ({ api }) => {
      const tag = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
      const filter = { registry, model, circuit, run, tag };
      const found: ModelRow[] = [];
      let more = true;
      // A page of filtered versions may be empty although there are more.
      for (let cursor: string | undefined; more && found.length < limit;) {
        const asked = { limit: Math.min(500, limit - found.length), cursor, after: flags.after };
        const page = await ok(api.models.$get({ query: { ...filter, ...asked } }));
        found.push(...page.items);
        cursor = page.next ?? undefined;
        more = cursor !== undefined;
      }
      const last = found.at(-1);
      return { models: found, next: more && last !== undefined ? refText(last) : null };
    },
  });
  if (flags.json === true) {
    printJson({ models, next });
    return;
  }
  if (models.length === 0) {
    print(
      registry.endsWith('shared') ? 'Nothing was promoted yet that matches.' : 'No model version matches.',
    );
    return;
  }
  const { moreLine } = await import('../render/more.ts');
  const { table } = await import('../render/table.ts');
  const { headline } = await import('../render/metrics.ts');
  print(
    table(models, [
      { title: 'model', value: (m) => m.model_name },
      { title: 'version', value: (m) => String(m.version), align: 'right' },
      { title: 'state', value: stateOf },
      { title: 'hash', value: (m) => m.training_hash },
      { title: 'created', value: (m) => m.created_at.slice(0, 19).replace('T', ' ') },
      { title: 'metrics', value: (m) => headline(m.metrics, 3) },
    ]),
  );
  if (next !== null)
    print(moreLine('models list', { registry, model, circuit, run, tag: flags.tag, limit, after: next }));
}

function tagsOf(given: readonly string[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const tag of given) {
    const at = tag.indexOf('=');
    if (at < 1)
      throw new UsageError(`--tag ${tag} is not key=value.`, { hint: 'For example --tag retry=true' });
    tags[tag.slice(0, at)] = tag.slice(at + 1);
  }
  return tags;
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
  const { parseRef } = await import('../../registry/index.ts');
  const { registry } = flags;
  const ref = parseRef(name);
  const model = await ask(flags, 'read', {
    here: async (project) => {
      const { modelVersionView, registryNamed } = await import('../../views/index.ts');
      const { NotFoundError } = await import('../../kernel/errors.ts');
      const versions = registryNamed(project, registry);
      const wanted = ref ?? (await versions.list({ model_name: name, limit: 1 })).items[0];
      if (wanted !== undefined && (await versions.get(wanted.model_name, wanted.version)) !== null)
        return modelVersionView(project, registry, wanted);
      const { didYouMean } = await import('../../kernel/suggest.ts');
      const known = await project.store.db
        .selectFrom('model_versions')
        .select('model_name')
        .distinct()
        .where('registry', '=', registry)
        .limit(5000)
        .execute();
      const names = known.map((r) => r.model_name);
      throw new NotFoundError(`The ${registry} registry has no ${name}.`, {
        hint:
          didYouMean(ref?.model_name ?? name, names) ??
          `List them with \`trainyard models list${registry === 'dev' ? '' : ` --registry ${registry}`}\`.`,
      });
    },
    there: async ({ api }) => {
      const newest = async () =>
        (await ok(api.models[':name'].$get({ param: { name }, query: { registry, limit: 1 } }))).items[0];
      const { model_name, version } = ref ?? (await newest()) ?? { model_name: name, version: 1 };
      const param = { name: model_name, version: String(version) };
      return ok(api.models[':name'].versions[':version'].$get({ param, query: { registry } }));
    },
  });
  if (flags.json === true) {
    printJson(model);
    return;
  }
  const { oneLine } = await import('../render/style.ts');
  const line = (text: string): void => print(oneLine(text));
  line(
    `${model.model_name} v${model.version}  (${registry})${model.withdrawn === null ? '' : `  withdrawn by ${model.withdrawn.by}: ${model.withdrawn.reason}`}`,
  );
  print('  lineage');
  for (const [key, value] of Object.entries(model.lineage))
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
}

async function withdraw(name: string, flags: CommonOptions & { reason: string }): Promise<void> {
  const ref = await refOf(name);
  const model = await ask(flags, 'write', {
    here: async (project) => {
      const { withdrawModel } = await import('../../actions/index.ts');
      const { statedVersions } = await import('../../registry/index.ts');
      const { modelRow } = await import('../../views/index.ts');
      const { promoted } = await withdrawModel(project, ref, await project.actor(), flags.reason);
      const [stated] = await statedVersions(project.store.db, 'dev', [ref]);
      return stated === undefined ? null : { ...modelRow(stated), promoted };
    },
    there: async ({ api }) => {
      const param = { name: ref.model_name, version: String(ref.version) };
      const json = { reason: flags.reason };
      return ok(api.models[':name'].versions[':version'].withdraw.$post({ param, json }));
    },
  });
  if (flags.json === true) printJson(model);
  else if (model !== null)
    print(
      `${model.model_name} v${model.version} is withdrawn${model.promoted ? ', in the shared registry too' : ''}. \`trainyard why ${model.circuit_id}\` shows what that means for its circuit.`,
    );
}

async function download(
  name: string,
  flags: CommonOptions & { registry: RegistryName; out: string },
): Promise<void> {
  const { resolve } = await import('node:path');
  const ref = await refOf(name);
  const folder = resolve(flags.out);
  const done = await ask(flags, 'read', {
    here: async (project) => {
      const { registryNamed } = await import('../../views/index.ts');
      return registryNamed(project, flags.registry).download(ref.model_name, ref.version, folder);
    },
    there: async (yard) => {
      const { downloadModelThere } = await import('../download-there.ts');
      return downloadModelThere(yard, flags.registry, ref, folder);
    },
  });
  if (flags.json === true) printJson(done);
  else for (const file of done.files) print(`${done.folder}/${file.path}`);
}

async function refOf(name: string): Promise<{ model_name: string; version: number }> {
  const { parseRef } = await import('../../registry/index.ts');
  const ref = parseRef(name);
  if (ref === null)
    throw new UsageError(`${name} names no model version.`, {
      hint: 'Write it as name:version, for example seattle-wind:3.',
    });
  return ref;
}
