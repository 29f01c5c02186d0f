import { Command } from 'commander';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOG } from '../src/cli/catalog.ts';
import { CAUSES } from '../src/fleet/index.ts';
import { FAILURE_REASONS } from '../src/jobs/index.ts';
import { ARTIFACTS, trainPipeline } from '../src/pipelines/index.ts';

const root = join(import.meta.dirname, '..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync('docs/*.md', { cwd: root }),
  'examples/weather-stations/README.md',
].toSorted();
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Settings of commands to come are described already. */
const PLANNED = ['scripts'];
const program = new Command('trainyard');
for (const entry of CATALOG) (await entry.load()).define(program);

describe('the documentation', () => {
  it.each(pages)('%s links only to files and headings that are there', (page) => {
    const broken = [...withoutCode(read(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .map(([, path = '', heading]) => ({ path: path === '' ? page : join(dirname(page), path), heading }))
      .filter(
        ({ path, heading }) =>
          !existsSync(join(root, path)) ||
          (heading !== undefined && !headingsOf(read(path)).includes(heading)),
      );
    expect(broken).toEqual([]);
  });

  it.each(pages)('%s shows only pictures that are there', (page) => {
    const shown = [...read(page).matchAll(/<(?:img|source)\b[^>]*?\b(?:src|srcset)="([^"]+)"/g)];
    const missing = shown.filter(([, path = '']) => !existsSync(join(root, dirname(page), path)));
    expect(missing.map(([, path]) => path)).toEqual([]);
  });

  it.each(pages)('%s shows only commands and flags that there are', (page) => {
    expect(commandsIn(read(page)).flatMap(problemsOf)).toEqual([]);
  });

  it('names every cause, failure reason, stage and artifact', () => {
    expect(CAUSES.filter((cause) => !read('docs/planning.md').includes(`| \`${cause}\` |`))).toEqual([]);
    expect(FAILURE_REASONS.filter((reason) => !read('docs/training.md').includes(`\`${reason}\``))).toEqual(
      [],
    );
    expect(
      trainPipeline.stages.filter(({ name }) => !read('docs/runs.md').includes(`| \`${name}\` |`)),
    ).toEqual([]);
    expect(Object.keys(ARTIFACTS).filter((name) => !read('docs/runs.md').includes(`\`${name}\``))).toEqual(
      [],
    );
  });

  it('is reached from its first page', () => {
    const index = read('docs/index.md');
    const missing = globSync('docs/*.md', { cwd: root }).filter(
      (page) => page !== join('docs', 'index.md') && !index.includes(`(${page.slice('docs/'.length)})`),
    );
    expect(missing).toEqual([]);
  });
});

/** Words of each `trainyard` command in code blocks and between backticks. */
function commandsIn(text: string): string[][] {
  const lines = [...text.matchAll(/^(?:\$ |[^\n`|]*&& )?(?:npx )?trainyard (.+)$/gm)].map(
    ([, rest = '']) => rest,
  );
  const inline = [...text.matchAll(/`(?:npx )?trainyard ([^`]+)`/g)].map(([, rest = '']) => rest);
  return [...lines, ...inline]
    .flatMap((rest) => rest.split(/ && (?:npx )?trainyard /))
    .map((rest) => (rest.split(/\s+#|\s{2,}/, 1)[0] ?? '').split(' '));
}

function problemsOf(words: readonly string[]): string[] {
  let command: Command = program;
  let rest = [...words];
  for (;;) {
    const child: Command | undefined = command.commands.find((c) => c.name() === rest[0]);
    if (child === undefined) break;
    command = child;
    rest = rest.slice(1);
  }
  const [first = ''] = rest;
  if (command === program && PLANNED.includes(first)) return [];
  if (command === program)
    return first.startsWith('-') || first.startsWith('<') || first === '…'
      ? []
      : [`no command: ${words.join(' ')}`];
  const flags = rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=', 1)[0] ?? '');
  const known = [command, ...command.commands].flatMap((c) => c.options.flatMap((o) => [o.short, o.long]));
  return flags
    .filter((flag) => flag !== '--help' && !known.includes(flag))
    .map((flag) => `no flag ${flag}: ${words.join(' ')}`);
}

const withoutCode = (text: string): string =>
  text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');

/** As GitHub makes anchors of them. */
function headingsOf(text: string): string[] {
  return [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
