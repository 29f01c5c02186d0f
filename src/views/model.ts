import { z } from 'zod';
import type { Project } from '../app.ts';
import { approvedBy } from '../gates/index.ts';
import {
  ModelState,
  ModelVersion,
  RegistryName,
  checkQuality,
  lineage,
  refText,
  sharedOf,
  statedVersions,
} from '../registry/index.ts';
import type { StatedVersion } from '../registry/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { Time } from './fields.ts';

/** A model version in a list: what the registry has of it, with what became of it. */
export const ModelRow = ModelVersion.extend({
  created_at: Time,
  state: ModelState.meta({
    description:
      'In a dev registry one version of a circuit is `good`, older ones are `superseded`; in a shared one they are `promoted`. `removed`: retention took its files.',
  }),
  promoted: z.boolean().meta({ description: 'There is a copy in the shared registry that may be used.' }),
  promoted_at: Time.nullable().meta({ description: 'When that copy was made; null: there is none.' }),
  run: z.int().nullable().meta({ description: 'Number of the run that made it; null: that run is gone.' }),
  size: z.int().meta({ description: 'Bytes of its files.' }),
}).meta({ id: 'ModelRow', description: 'A model version.' });
export type ModelRow = z.infer<typeof ModelRow>;

/** All versions of one model, a page at a time. */
export const ModelPage = z
  .object({
    model_name: z.string(),
    registry: RegistryName,
    total: z.int().meta({ description: 'How many versions it has.' }),
    items: z.array(ModelRow),
    next: z.string().nullable(),
  })
  .meta({ id: 'Model', description: 'A model with its versions, newest first.' });

const nullable = z.string().nullable();

export const ModelVersionView = ModelRow.extend({
  settings: z.record(z.string(), z.unknown()).meta({ description: 'Its circuit, as it was trained.' }),
  lineage: z.object({
    model: z.string(),
    digest: z.string(),
    circuit_id: z.string(),
    run_id: z.string(),
    job_id: z.string(),
    job_name: z.string(),
    retry: z.boolean(),
    pr: z.boolean(),
    training_hash: z.string(),
    inputs_digest: z.string(),
    cutoff_date: nullable,
    data_version: nullable,
    component_version: nullable,
    environment_version: nullable,
    git_commit: nullable,
  }),
  promotion: z
    .object({
      at: Time,
      withdrawn: z.boolean().meta({ description: 'The copy is out of use.' }),
      approval_id: nullable.meta({ description: 'The request that was approved; null: it is gone.' }),
    })
    .nullable()
    .meta({ description: 'How it came into the shared registry; null: it is not there.' }),
  quality: z
    .array(
      z.object({ rule: z.string(), ok: z.boolean(), actual: z.number().nullable(), message: z.string() }),
    )
    .meta({ description: 'What the quality rules of today say of it.' }),
}).meta({ id: 'ModelVersion', description: 'A model version with where it comes from.' });
export type ModelVersionView = z.infer<typeof ModelVersionView>;

/** Metrics over versions, for a chart. */
export const ModelMetrics = z
  .object({
    names: z.array(z.string()).meta({ description: 'Every metric that one of them reported.' }),
    points: z
      .array(
        z.object({
          version: z.int(),
          created_at: Time,
          run: z.int().nullable(),
          pr: z.boolean(),
          withdrawn: z.boolean(),
          promoted: z.boolean(),
          metrics: z.record(z.string(), z.number()),
        }),
      )
      .meta({ description: 'The last two hundred versions at most, oldest first.' }),
  })
  .meta({ id: 'ModelMetrics', description: 'What the versions of a model reported.' });
export type ModelMetrics = z.infer<typeof ModelMetrics>;

export const modelRow = ({ model, state, promoted_at, run }: StatedVersion): ModelRow => ({
  ...model,
  files: [...model.files],
  state,
  promoted: promoted_at !== null,
  promoted_at,
  run,
  size: model.files.reduce((sum, file) => sum + file.size, 0),
});

/** @throws NotFoundError */
export async function modelVersionView(
  project: Pick<Project, 'store' | 'world' | 'config'>,
  registry: RegistryName,
  ref: { readonly model_name: string; readonly version: number },
): Promise<ModelVersionView> {
  const [stated] = await statedVersions(project.store.db, registry, [ref]);
  const detail = await registryNamed(project, registry).get(ref.model_name, ref.version);
  if (stated === undefined || detail === null)
    throw new NotFoundError(`The ${registry} registry has no ${ref.model_name}:${ref.version}.`, {
      hint: `List its versions with \`trainyard models list --model ${ref.model_name}${registry === 'dev' ? '' : ` --registry ${registry}`}\`.`,
    });
  return {
    ...modelRow(stated),
    settings: z.record(z.string(), z.unknown()).parse(JSON.parse(detail.settings)),
    lineage: lineage(detail),
    promotion: await promotionOf(project, registry, detail),
    quality: checkQuality(project.config.quality, detail.metrics).map((result) => ({ ...result })),
  };
}

async function promotionOf(
  project: Pick<Project, 'store' | 'world'>,
  registry: RegistryName,
  version: ModelVersion,
): Promise<ModelVersionView['promotion']> {
  const shared = await registryNamed(project, sharedOf(registry)).get(version.model_name, version.version);
  if (shared === null) return null;
  const approval_id = await approvedBy(project.store.db, {
    run_id: version.run_id,
    gate: 'registry-promotion',
    subject: refText(version),
  });
  return { at: shared.created_at, withdrawn: shared.withdrawn !== null, approval_id };
}

/** One of the four registries of a project. */
export function registryNamed({ world }: Pick<Project, 'world'>, name: RegistryName) {
  const { dev, shared } = name.startsWith('rehearsal-') ? world.rehearsal_registries : world.registries;
  return name.endsWith('dev') ? dev : shared;
}
