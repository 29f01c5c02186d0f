/** Makes dist/ for publishing: `npm run build`. A checkout runs from source and needs none of it. */
import { spawnSync } from 'node:child_process';
import { cp, glob, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { rolldown } from 'rolldown';

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

// Helper programs in Python are found beside the code that starts them, which is a chunk.
for await (const file of glob('**/*.py', { cwd: join(root, 'src') })) {
  await cp(join(root, 'src', file), join(dist, 'chunks', basename(file)), {
    force: false,
    errorOnExist: true,
  });
}

const packages = new Set<string>();
for (const chunk of output) {
  for (const id of chunk.type === 'chunk' ? chunk.moduleIds : []) {
    const inside = id.split(`${sep}node_modules${sep}`).at(-1)?.split(sep);
    if (!id.includes(`${sep}node_modules${sep}`) || inside === undefined) continue;
    packages.add(inside[0]?.startsWith('@') === true ? inside.slice(0, 2).join('/') : (inside[0] ?? ''));
  }
}
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licenses([...packages].toSorted()));

/** The bundled packages' own licence texts, as their terms ask. */
async function licenses(names: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const name of names) {
    const folder = join(root, 'node_modules', name);
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version: string;
      license: string;
    };
    const file = (await readdir(folder)).find((f) => /^licen[cs]e/i.test(f));
    const text =
      file === undefined ? `Licence: ${manifest.license}\n` : await readFile(join(folder, file), 'utf8');
    texts.push(`${name} ${manifest.version}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
