/** Makes dist/ for publishing: `npm run build`. A checkout runs from source and needs none of it. */
import { spawnSync } from 'node:child_process';
import { cp, glob, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';
import { licenses } from './licenses.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });

// Types, one file beside the other. They name those of the dependencies, which is why these stay declared as such.
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// Code, bundled with what it uses: Node takes longer to find three hundred small files than to run most commands.
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: {
    main: 'src/main.ts',
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    // A thread is started by its file, which lies beside the chunk that starts it.
    'chunks/plan-thread': 'src/server/aside/plan-thread.ts',
  },
  external: /^vitest(\/|$)/,
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  chunkFileNames: 'chunks/[name]-[hash].js',
});
await bundle.close();

// The client by itself: what browsers load may share nothing with what only Node can.
const client = await rolldown({ cwd: root, platform: 'browser', input: 'src/client/index.ts' });
await client.write({ file: join(dist, 'client', 'index.js'), format: 'esm' });
await client.close();

// Helper programs in Python are found beside the code that starts them, which is a chunk.
for await (const file of glob('**/*.py', { cwd: join(root, 'src') })) {
  await cp(join(root, 'src', file), join(dist, 'chunks', basename(file)), {
    force: false,
    errorOnExist: true,
  });
}

await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licenses(root, output));
