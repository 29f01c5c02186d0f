import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generated } from '../scripts/generate.ts';

const root = join(import.meta.dirname, '..');

describe('generated files', async () => {
  it.each(Object.entries(await generated()))('%s is up to date (npm run generate)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });
});
