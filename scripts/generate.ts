/** Writes every generated file: `npm run generate`. `test/generated.test.ts` fails while one of them is out of date. */
import { join } from 'node:path';
import { writeFileWhole } from '../src/kernel/files.ts';
import { outputSchemas } from './generate-output-schemas.ts';
import { commandLinePage } from './generate-cli-docs.ts';
import { generate as configurationFiles } from './generate-schemas.ts';

/** Content by path from the root of the repository. */
export async function generated(): Promise<Readonly<Record<string, string>>> {
  return { ...configurationFiles(), ...outputSchemas(), 'docs/cli.md': await commandLinePage() };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(await generated())) {
    await writeFileWhole(join(import.meta.dirname, '..', path), text);
  }
}
