import { z } from 'zod';
import { CorruptRowError } from '../kernel/errors.ts';
import type { RegisteredAsset } from './asset-store.ts';
import { snapshotCode } from './code-store.ts';
import type { CommandSpec, Component, Environment, PipelineJob } from './types.ts';

/**
 * The component with snapshots in place of its code folders: what is registered, and what jobs run whatever happens
 * to the checkout.
 * @throws ConflictError when a folder changed since the component was loaded
 */
export async function snapshotComponent(component: Component, storeFolder: string): Promise<Component> {
  const stored = async (spec: CommandSpec): Promise<CommandSpec> => {
    if (spec.code === null) return spec;
    const { folder, digest } = spec.code;
    return { ...spec, code: { folder: await snapshotCode(folder, digest, storeFolder), digest } };
  };
  if (component.type === 'command') return { ...component, spec: await stored(component.spec) };
  const jobs: PipelineJob[] = [];
  for (const job of component.jobs) jobs.push({ ...job, spec: await stored(job.spec) });
  return { ...component, jobs };
}

/** The component that an asset holds. @throws CorruptRowError when its content is something else */
export const componentOf = (asset: RegisteredAsset): Component => parsed(componentSchema, asset);

/** The environment that an asset holds. @throws CorruptRowError when its content is something else */
export const environmentOf = (asset: RegisteredAsset): Environment => parsed(environmentSchema, asset);

function parsed<T>(schema: z.ZodType<T>, asset: RegisteredAsset): T {
  const result = schema.safeParse(asset.content);
  if (result.success) return result.data;
  throw new CorruptRowError('assets', `${asset.kind} ${asset.name}:${asset.version}`, result.error);
}

const assetType = z.enum([
  'uri_file',
  'uri_folder',
  'mltable',
  'custom_model',
  'mlflow_model',
  'triton_model',
]);
const content = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string());

const inputSpec = z.object({
  type: z.union([z.enum(['string', 'number', 'integer', 'boolean']), assetType]),
  optional: z.boolean(),
  default: z.string().nullable(),
  description: z.string().nullable(),
  min: z.number().exactOptional(),
  max: z.number().exactOptional(),
  enum: z.array(z.string()).exactOptional(),
});

const inputs = z.record(z.string(), inputSpec);
const outputs = z.record(z.string(), z.object({ type: assetType, description: z.string().nullable() }));

const commandSpec = z.object({
  command: z.string(),
  code: z.object({ folder: z.string(), digest: z.string() }).nullable(),
  environment: z.string().nullable(),
  inputs,
  outputs,
  environment_variables: texts,
});

const componentBase = {
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  file: z.string(),
  inputs,
  outputs,
  retry: z.object({ max_retries: z.number(), timeout_s: z.number().nullable() }).nullable(),
  cloud_only: z.array(z.string()),
  content,
  warnings: z.array(z.string()).exactOptional(),
};

const componentSchema: z.ZodType<Component> = z.discriminatedUnion('type', [
  z.object({ ...componentBase, type: z.literal('command'), spec: commandSpec }),
  z.object({
    ...componentBase,
    type: z.literal('pipeline'),
    jobs: z.array(z.object({ name: z.string(), spec: commandSpec, inputs: texts, outputs: texts })),
  }),
]);

const environmentSchema: z.ZodType<Environment> = z.object({
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  file: z.string(),
  image: z.string().nullable(),
  conda: content.nullable(),
  content,
  warnings: z.array(z.string()).exactOptional(),
});
