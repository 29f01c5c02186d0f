import { z } from 'zod';
import { ARTIFACTS } from '../src/pipelines/index.ts';

/** schemas/artifacts/<name>.schema.json: the shape of every file that a run writes, by path from the root. */
export function artifactSchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(ARTIFACTS).map(([name, schema]) => [
      `schemas/artifacts/${name}.schema.json`,
      `${JSON.stringify({ title: name, ...z.toJSONSchema(schema) }, null, 2)}\n`,
    ]),
  );
}
