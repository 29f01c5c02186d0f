/** Writes schemas/*.schema.json and docs/configuration.md from the Zod schemas: `node scripts/generate-schemas.ts`. */
import { join } from 'node:path';
import { z } from 'zod';
import { ProjectFile } from '../src/config/index.ts';
import { FleetFile } from '../src/fleet/circuit-schema.ts';
import { writeFileWhole } from '../src/kernel/files.ts';
import { configurationPage } from './configuration-page.ts';

/** JSON Schema as far as this project makes use of it. */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
}

/** Everything that is generated, by path from the root of the repository. */
export function generate(): Readonly<Record<string, string>> {
  const fleet = toJsonSchema(FleetFile);
  const project = toJsonSchema(ProjectFile);
  return {
    'schemas/circuits.schema.json': `${JSON.stringify(fleet, null, 2)}\n`,
    'schemas/trainyard.schema.json': `${JSON.stringify(project, null, 2)}\n`,
    'docs/configuration.md': configurationPage(fleet, project),
  };
}

/** Draft-07, which every YAML language server understands. */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      // Zod leaves these out where a value is transformed; ours are always as a user writes them.
      const meta = z.globalRegistry.get(zodSchema);
      if (Array.isArray(meta?.['examples'])) jsonSchema.examples = meta['examples'];
      if (meta?.['default'] !== undefined) jsonSchema.default = meta['default'];
      const { def } = zodSchema._zod;
      if (def.type === 'default' && Array.isArray(def.defaultValue)) jsonSchema.default = def.defaultValue;
      delete jsonSchema.propertyNames;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return json as JsonSchema; // the part of it that is described above
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generate()))
    await writeFileWhole(join(import.meta.dirname, '..', path), text);
}
