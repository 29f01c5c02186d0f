import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
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
  }, 600_000);
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
        'dist/client/index.js',
        'dist/client/index.d.ts',
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

  it('hands out the web UI as it is published, whoever builds it', () => {
    const assets = join(base, 'package', 'web', 'dist', 'assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(10);
    // What React says in a build for developers, who see its checks at the price of its speed.
    for (const name of scripts)
      expect(readFileSync(join(assets, name), 'utf8')).not.toContain('Download the React DevTools');
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

  it('has a client that asks nothing of Node, so that browsers can load it', () => {
    const code = readFileSync(join(installed, 'dist/client/index.js'), 'utf8');
    expect(code).not.toMatch(/\bfrom ?["']|\bimport ?\(|\brequire ?\(|\bprocess\.|\bBuffer\b/);
    expect(code.length).toBeLessThan(40_000);
  });

  it(
    'types the client for a project that has neither types of Node nor our sources',
    { timeout: 120_000 },
    async () => {
      const app = join(base, 'typed');
      await mkdir(join(app, 'node_modules'), { recursive: true });
      await symlink(join(base, 'package'), join(app, 'node_modules/trainyard'));
      await symlink(join(root, 'node_modules/hono'), join(app, 'node_modules/hono'));
      await writeFile(join(app, 'package.json'), '{"type": "module"}');
      await writeFile(join(app, 'consumer.ts'), CONSUMER);
      const compilerOptions = {
        module: 'nodenext',
        target: 'esnext',
        lib: ['esnext', 'dom', 'dom.asynciterable'],
        types: [],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        preserveSymlinks: true,
      };
      await writeFile(
        join(app, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
      );
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      succeeded(spawnSync(process.execPath, [compiler, '-p', app], { cwd: app, encoding: 'utf8' }));
    },
  );
});

/** What is no error where it is expected is one too. */
const CONSUMER = `
import { ApiError, createClient, items, ok } from 'trainyard/client';

const client = createClient({ url: 'http://127.0.0.1:8787', token: 'ty_…' });
const run = await ok(client.api.runs[':run'].$get({ param: { run: '12' } }));
const plan = await ok(client.api.plans.$post({ json: { circuits: ['kiln_*'] } }));
const known: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'canceled' = run.status;
console.log(known, plan.summary.train satisfies number);
for await (const job of items((cursor) => client.api.jobs.$get({ query: { status: 'failed', cursor } })))
  console.log(job.name satisfies string);
for await (const message of client.events({ run: '12' }))
  if (message.kind === 'event') console.log(message.event.seq satisfies number);
for await (const piece of client.log('kiln_1', { follow: true })) console.log(piece.text satisfies string);
try {
  // @ts-expect-error -- there is no such status
  await client.api.jobs.$get({ query: { status: 'gone' } });
  // @ts-expect-error -- a run has no such field
  console.log(run.colour);
} catch (error) {
  if (error instanceof ApiError) console.log(error.code satisfies string, error.hint satisfies string | null);
}
`;

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
