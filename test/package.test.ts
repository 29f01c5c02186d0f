import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..');
const Manifest = z.object({ version: z.string() });
const manifest = Manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** Packed as for publishing, unpacked into an empty folder, with nothing beside it: what it runs is inside. */
describe('the published package', () => {
  let base = '';
  let installed = '';

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'trainyard-package-'));
    succeeded(
      spawnSync('npm', ['pack', '--silent', '--pack-destination', base], { cwd: root, encoding: 'utf8' }),
    );
    const [tarball = ''] = (await readdir(base)).filter((name) => name.endsWith('.tgz'));
    succeeded(spawnSync('python3', ['-m', 'tarfile', '-e', join(base, tarball), base], { encoding: 'utf8' }));
    installed = join(base, 'app', 'node_modules', 'trainyard');
    await mkdir(dirname(installed), { recursive: true });
    await symlink(join(base, 'package'), installed);
  }, 120_000);
  afterAll(() => rm(base, { recursive: true, force: true }));

  const trainyard = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(installed, 'bin/trainyard.js'), ...args], {
      cwd: join(base, 'app'),
      encoding: 'utf8',
      input: '',
    });

  it('holds what its users need, and neither sources nor tests', async () => {
    const files = await readdir(join(base, 'package'), { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'bin/trainyard.js',
        'docs/cli.md',
        'docs/images/terminal.svg',
        'dist/index.d.ts',
        'dist/testing/index.d.ts',
        'dist/chunks/launcher.py',
        'dist/chunks/environment_builder.py',
        'dist/THIRD-PARTY-LICENSES.txt',
        'schemas/circuits.schema.json',
        'schemas/artifacts/failed_jobs.schema.json',
        'examples/weather-stations/config/circuits.yaml',
      ]),
    );
    expect(
      files.filter(
        (f) =>
          /(^|\/)(src|test|node_modules|\.trainyard|__pycache__)$|\.test\.|(?<!\.d)\.ts$/.test(f) &&
          f !== 'examples/weather-stations/components/src',
      ),
    ).toEqual([]);
  });

  it('shows its help and version from dist', () => {
    expect(succeeded(trainyard('--help'))).toContain('Trains a fleet of models');
    expect(succeeded(trainyard('--version')).trim()).toBe(manifest.version);
  });

  it('makes a project, plans it and trains it', { timeout: 60_000 }, () => {
    expect(succeeded(trainyard('init', 'my-fleet'))).toContain('Made ');
    expect(existsSync(join(base, 'app/my-fleet/.gitignore'))).toBe(true);
    expect(succeeded(trainyard('plan', '--project', 'my-fleet'))).toContain('Plan: 8 to train, 0 to keep.');
    trained(
      trainyard('run', '--project', 'my-fleet', '--circuits', 'seattle_wind', '--approve', 'all', '--json'),
    );
  });

  it('answers an old Node with one line that says what to do', () => {
    const pretend =
      "Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); await import(process.argv[1]);";
    const child = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', pretend, join(installed, 'bin/trainyard.js')],
      { encoding: 'utf8' },
    );
    expect(child.stderr).toMatch(
      /^error: Trainyard needs Node 22\.18 or later; this is Node 20\.20\.2\.\nhint: .*\n$/,
    );
    expect(child.status).toBe(2);
  });

  it('can be imported: exit codes, shapes of artifacts, schemas', () => {
    const code = `
      import { ARTIFACTS, EXIT } from 'trainyard';
      import schema from 'trainyard/schemas/artifacts/training_jobs.schema.json' with { type: 'json' };
      console.log(EXIT.waiting_for_approval, Object.keys(ARTIFACTS).length, schema.title);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: join(base, 'app'),
      encoding: 'utf8',
    });
    expect(succeeded(child)).toBe('11 9 training_jobs\n');
  });
});

function succeeded(child: SpawnSyncReturns<string>): string {
  if (child.status !== 0)
    throw new Error(`ended with ${child.status ?? child.signal}:\n${child.stdout}\n${child.stderr}`);
  return child.stdout;
}

function trained(child: SpawnSyncReturns<string>): void {
  const run = z
    .object({ status: z.string(), jobs: z.object({ succeeded: z.number() }) })
    .parse(JSON.parse(succeeded(child)));
  expect(run).toEqual({ status: 'succeeded', jobs: { succeeded: 1 } });
}
