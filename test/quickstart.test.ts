import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '../scripts/quickstart.ts');

describe('npm run quickstart', () => {
  let base = '';
  let status: number | null = null;
  /** What is printed below each typed command. */
  let printed: readonly { readonly typed: string; readonly output: string }[] = [];

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'trainyard-quickstart-'));
    // A fresh machine: git knows nobody. A build's variables are not about the new project.
    const env = {
      ...process.env,
      HOME: base,
      XDG_CONFIG_HOME: base,
      GIT_CONFIG_NOSYSTEM: '1',
      GITHUB_ACTIONS: 'true',
      GITHUB_BASE_REF: 'main',
      GITHUB_EVENT_NAME: 'pull_request',
      manualCircuits: 'nobody',
    };
    const child = spawnSync(
      'sh',
      ['-c', '"$0" "$1" "$2" 2>&1', process.execPath, script, join(base, 'first steps')],
      { encoding: 'utf8', input: '', env },
    );
    status = child.status;
    printed = stripVTControlCharacters(child.stdout)
      .split(/^\$ /m)
      .map((part) => ({ typed: part.split('\n', 1)[0] ?? '', output: part.slice(part.indexOf('\n') + 1) }));
  }, 120_000);
  afterAll(() => rm(base, { recursive: true, force: true }));

  const outputs = (typed: string): string[] => printed.filter((p) => p.typed === typed).map((p) => p.output);

  it('goes to its end on a machine where git knows no name, and inside a build of something else', () => {
    expect(printed.at(-1)?.output).toContain('That was Trainyard.');
    expect(status).toBe(0);
  });

  it('trains, registers and promotes the eight models', () => {
    const [first] = outputs('npx trainyard run --approve all');
    expect(first).toMatch(/✓ succeeded RegisterModels .* 8 registered/);
    expect(first).toMatch(/✓ succeeded PromoteModels .* 8 promoted/);
    expect(
      outputs('npx trainyard models list --registry shared')[0]?.match(/^\S+ +1  promoted/gm),
    ).toHaveLength(8);
  });

  it('trains nothing the second time', () => {
    expect(outputs('npx trainyard run --approve all')[1]).toContain('Plan: 0 to train, 8 to keep.');
  });

  it('ends with a plan for exactly the circuit whose setting it changed', () => {
    const last = outputs('npx trainyard plan').at(-1);
    expect(last).toMatch(/retrain +1 .*hyperparameters\.lags 7 → 14.*seattle_wind$/m);
    expect(last).toContain('Plan: 1 to train, 7 to keep.');
  });

  it('leaves a folder that is there alone, and says where its own is', () => {
    expect(existsSync(join(base, 'first steps', '.git'))).toBe(true);
    expect(printed.at(-1)?.output).toContain(join(base, 'first steps'));
  });
});
