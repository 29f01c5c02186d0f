import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ProviderError, messageOf } from '../kernel/errors.ts';

const HELPER = fileURLToPath(new URL('./script_flags.py', import.meta.url));

const Looks = z.array(z.object({ flags: z.array(z.string()), error: z.string().nullable() }));

/** The options that a script declares, or why that could not be read. */
export type ScriptFlags = z.infer<typeof Looks>[number];

/** Which of our settings a script takes, by the flag as it spells it; null: not at all. */
export interface Supports {
  readonly epochs: string | null;
  readonly folds: string | null;
  readonly sample: string | null;
  readonly batch: string | null;
  readonly output_dir: string | null;
}

/** Spellings in the order of preference. */
const SPELLINGS = {
  epochs: ['--epochs'],
  folds: ['--folds'],
  sample: ['--sample'],
  batch: ['--batch-size', '--batch', '--batch_size'],
  output_dir: ['--output-dir', '--output_dir'],
} as const satisfies Record<keyof Supports, readonly string[]>;

/**
 * Reads which options scripts declare, all in one go, with the syntax of `python`, which runs them later. Nothing of
 * the scripts is run.
 * @throws ProviderError when the interpreter does not start
 */
export async function readScriptFlags(
  python: string,
  root: string,
  paths: readonly string[],
): Promise<Map<string, ScriptFlags>> {
  if (paths.length === 0) return new Map();
  const text = await ask(python, JSON.stringify(paths.map((path) => join(root, path))));
  const looks = Looks.parse(JSON.parse(text));
  return new Map(paths.map((path, i) => [path, looks[i] ?? { flags: [], error: 'not read' }]));
}

function ask(python: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(python, ['-I', '-S', HELPER], { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split('\n').at(-1) ?? '';
      reject(
        new ProviderError(
          'local',
          `${python} cannot read the scripts: ${said === '' ? messageOf(error) : said}.`,
          {
            retryable: false,
            hint: 'Name another interpreter with --python; it must be Python 3.9 or newer.',
          },
        ),
      );
    });
    // An interpreter that does not start closes its end; the callback above says so.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

export function supportsOf(flags: readonly string[]): Supports {
  const spelled = (name: keyof Supports): string | null =>
    SPELLINGS[name].find((flag) => flags.includes(flag)) ?? null;
  return {
    epochs: spelled('epochs'),
    folds: spelled('folds'),
    sample: spelled('sample'),
    batch: spelled('batch'),
    output_dir: spelled('output_dir'),
  };
}

/** The spelling where a definition says that a script takes a setting and its source does not. */
export const usualSpelling = (name: keyof Supports): string => SPELLINGS[name][0];
