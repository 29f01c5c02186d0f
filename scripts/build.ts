/** Makes dist/ for publishing: `npm run build`. A checkout runs from source and needs none of it. */
import { spawnSync } from 'node:child_process';
import { cp, glob, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// The compiler carries over only what it compiles; helper programs in Python go along as they are.
for await (const file of glob('**/*.py', { cwd: join(root, 'src') })) {
  await mkdir(dirname(join(dist, file)), { recursive: true });
  await cp(join(root, 'src', file), join(dist, file));
}
