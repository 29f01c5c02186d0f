import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** Of what a bundler made: the modules that went into each chunk. */
type Made = readonly { readonly type: string; readonly moduleIds?: readonly string[] }[];

/** The licence texts of every package that is in a bundle, as their terms ask. */
export async function licenses(root: string, output: Made): Promise<string> {
  const texts: string[] = [];
  for (const name of packagesIn(output)) {
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

function packagesIn(output: Made): string[] {
  const packages = new Set<string>();
  for (const chunk of output) {
    for (const id of chunk.type === 'chunk' ? (chunk.moduleIds ?? []) : []) {
      const inside = id.split(`${sep}node_modules${sep}`).at(-1)?.split(sep);
      if (!id.includes(`${sep}node_modules${sep}`) || inside === undefined) continue;
      packages.add(inside[0]?.startsWith('@') === true ? inside.slice(0, 2).join('/') : (inside[0] ?? ''));
    }
  }
  return [...packages].toSorted();
}
