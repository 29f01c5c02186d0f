/**
 * Makes web/dist, the web UI as the server hands it out: `npm run build:web`, and after `npm ci` by itself.
 * With --where-possible it leaves the UI out, and says so, where the tools for it are not installed (`npm ci --omit=dev`).
 */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { licenses } from './licenses.ts';
import { putInPlace } from './put-in-place.ts';

const root = join(import.meta.dirname, '..');
/** The first page may take so much JavaScript, compressed. */
const MOST_KB = 250;
/** Worth a compressed copy beside it. */
const COMPRESSED = /\.(?:js|css|html|svg|json)$/;

// The same files whoever builds them: under a test runner this says `test`, and React would come with its checks.
process.env['NODE_ENV'] = 'production';
const vite = await import('vite').catch((error: unknown) => {
  if (!process.argv.includes('--where-possible')) throw error;
  process.stderr.write('The web UI was not built: its tools are development dependencies (npm ci).\n');
  return undefined;
});
if (vite !== undefined) {
  const quiet = process.argv.includes('--where-possible');
  // Beside its place: a server may be handing out what is there.
  const made = await mkdtemp(join(root, 'web', 'dist-'));
  try {
    const built = await vite.build({
      configFile: join(root, 'web', 'vite.config.ts'),
      logLevel: quiet ? 'error' : 'info',
      build: { outDir: made },
    });
    if (!('output' in built)) throw new TypeError('The bundler made several bundles, or watches.');
    await writeFile(join(made, 'THIRD-PARTY-LICENSES.txt'), await licenses(root, built.output));
    const sizes = await compress(made);
    const first = (await firstPage(made, sizes)) / 1000;
    if (!quiet) process.stdout.write(`JavaScript of the first page: ${first.toFixed(1)} kB (brotli)\n`);
    if (first > MOST_KB)
      throw new RangeError(
        `The first page takes ${first.toFixed(1)} kB of JavaScript, more than ${MOST_KB}.`,
      );
    await putInPlace(made, join(root, 'web', 'dist'), 'index.html');
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Compressed copies beside the files, for servers to hand out as they are; tells the size of each. */
async function compress(dist: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const file of await readdir(dist, { recursive: true })) {
    if (!COMPRESSED.test(file)) continue;
    const whole = await readFile(join(dist, file));
    const brotli = await promisify(brotliCompress)(whole, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: whole.length },
    });
    await writeFile(join(dist, `${file}.br`), brotli);
    await writeFile(join(dist, `${file}.gz`), await promisify(gzip)(whole, { level: 9 }));
    sizes.set(file, brotli.length);
  }
  return sizes;
}

/** Bytes of JavaScript, compressed, that a visitor needs before the page stands: of the entry and the largest page. */
async function firstPage(dist: string, sizes: ReadonlyMap<string, number>): Promise<number> {
  interface Chunk {
    readonly file: string;
    readonly isEntry?: boolean;
    readonly isDynamicEntry?: boolean;
    readonly imports?: readonly string[];
  }
  const text = await readFile(join(dist, '.vite', 'manifest.json'), 'utf8');
  const chunks = new Map(Object.entries(JSON.parse(text) as Readonly<Record<string, Chunk>>));
  const needed = (keys: readonly string[], seen = new Set<string>()): Set<string> => {
    for (const chunk of keys.map((key) => chunks.get(key))) {
      if (chunk === undefined || seen.has(chunk.file)) continue;
      seen.add(chunk.file);
      needed(chunk.imports ?? [], seen);
    }
    return seen;
  };
  const having = (flag: 'isEntry' | 'isDynamicEntry'): string[] =>
    [...chunks].filter(([, chunk]) => chunk[flag] === true).map(([key]) => key);
  const entries = having('isEntry');
  const weights = having('isDynamicEntry').map((page) =>
    [...needed([...entries, page])].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0),
  );
  return Math.max(...weights);
}
