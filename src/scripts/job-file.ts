import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, NotFoundError, systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';
import { isMap, kindOf, toFindings, toProblem } from '../kernel/findings.ts';
import { WholeFloat, parseYaml, positions } from '../kernel/yaml.ts';

const text = z.string().min(1);
const word = z.union([text, z.number(), z.boolean()]).transform(String);

/** One entry under `jobs:` of a file given with `--config`. */
const JobEntry = z.strictObject({
  id: text.optional().meta({ description: 'Left out: the name of the script without .py.' }),
  name: text.optional().meta({ description: 'For people.' }),
  script: text.meta({ description: 'Its path from the project.' }),
  output: text.optional().meta({ description: 'Its folder below results/.' }),
  args: z
    .union([z.array(word), text])
    .default([])
    .meta({ description: 'Arguments of its own.' }),
  optional: z.boolean().default(false).meta({ description: 'Its failure fails nothing else.' }),
  use_output_dir: z.boolean().optional().meta({ description: 'Whether it is told where to write.' }),
  supports_epochs: z.boolean().optional(),
  supports_folds: z.boolean().optional(),
  supports_sample: z.boolean().optional(),
  supports_batch: z.boolean().optional(),
});
export type JobEntry = z.output<typeof JobEntry>;

export const JobFile = z.strictObject({ jobs: z.array(JobEntry).default([]) });

/** An entry with its line, for messages. */
export interface LocatedEntry {
  readonly entry: JobEntry;
  readonly line: number | null;
}

/**
 * Reads a file of job definitions.
 * @throws NotFoundError, ConfigError with everything that is wrong in it
 */
export async function readJobFile(path: string, shown: string): Promise<LocatedEntry[]> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(`read ${shown}`, error);
    throw new NotFoundError(`--config ${shown}: there is no such file.`, {
      hint: 'Paths are relative to the project. Leave --config out to run what is discovered.',
    });
  }
  const document = plain(parseYaml(source, shown) ?? {});
  if (!isMap(document))
    throw new ConfigError([
      {
        file: shown,
        line: 1,
        column: 1,
        path: '',
        message: `the file must be a map with the key jobs, is ${kindOf(document)}`,
        hint: 'Write `jobs:` and below it a list.',
      },
    ]);
  const parsed = JobFile.safeParse(document, { reportInput: true });
  if (!parsed.success) {
    const findings = toFindings(JobFile, parsed.error.issues);
    const places = positions(
      source,
      findings.map((f) => f.path),
    );
    throw new ConfigError(findings.map((f, i) => toProblem(f, shown, places[i] ?? null)));
  }
  const places = positions(
    source,
    parsed.data.jobs.map((_, i) => ['jobs', i]),
  );
  return parsed.data.jobs.map((entry, i) => ({ entry, line: places[i]?.line ?? null }));
}

/** Plain JSON values: `1.0` is a number like any other, a key without a value counts as absent. */
function plain(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, plain(inner)]),
  );
}
