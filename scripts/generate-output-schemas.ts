import { z } from 'zod';
import { PlanDocument } from '../src/fleet/index.ts';
import { ARTIFACTS } from '../src/pipelines/index.ts';
import { TrainingSummary } from '../src/scripts/index.ts';

/** What machines read: `plan --json`, summaries of scripts, and every file that a run writes. JSON Schemas by path from the root. */
export function outputSchemas(): Readonly<Record<string, string>> {
  const artifacts = Object.entries(ARTIFACTS).map(
    ([name, schema]) => [`schemas/artifacts/${name}.schema.json`, textOf(name, schema)] as const,
  );
  return {
    'schemas/plan.schema.json': textOf('plan', PlanDocument),
    'schemas/training_summary.schema.json': textOf('training_summary', TrainingSummary),
    ...Object.fromEntries(artifacts),
  };
}

const textOf = (title: string, schema: z.ZodType): string =>
  `${JSON.stringify({ title, ...z.toJSONSchema(schema) }, null, 2)}\n`;
