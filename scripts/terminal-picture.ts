/**
 * Draws docs/images/terminal.svg from what the command line really prints: `npm run pictures`. A project is made and
 * trained in a temporary folder, one setting is changed, and the plan, a moment of the run and its end are captured
 * in a terminal of their own. Times differ from run to run, so no test compares the picture.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileWhole } from '../src/kernel/files.ts';

const ROOT = join(import.meta.dirname, '..');
const COLUMNS = 92;
const FONT_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const COLOURS: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};
const base = mkdtempSync(join(tmpdir(), 'trainyard-picture-'));
const project = join(base, 'my-fleet');

try {
  await writeFileWhole(join(ROOT, 'docs', 'images', 'terminal.svg'), svg(capture()));
} finally {
  rmSync(base, { recursive: true, force: true });
}

/** Lines with colour codes. */
function capture(): string[] {
  trainyard('init', project);
  const component = join(project, 'components', 'training-pipeline-component.yaml');
  // The example trains in a blink; a second each leaves time to see it at work.
  writeFileSync(
    component,
    readFileSync(component, 'utf8').replace('command: >-\n', 'command: >-\n  sleep 1 &&\n'),
  );
  git('init', '--quiet');
  git('config', 'user.email', 'ada@example.com');
  trainyard('run', '--project', project, '--approve', 'all');
  const circuits = join(project, 'config', 'circuits.yaml');
  writeFileSync(circuits, readFileSync(circuits, 'utf8').replace('ridge: 1.0 #', 'ridge: 0.5 #'));
  const plan = trainyard('plan', '--project', project);
  const run = trainyard('run', '--project', project);
  return [
    typed('trainyard plan'),
    ...tidy(plan),
    '',
    typed('trainyard run'),
    ...tidy(busiestFrame(run)),
    '',
    ...tidy(lastScreen(run)),
  ];
}

/** In a terminal, so that it shows what people see. Questions are answered with the end of input: decide later. */
function trainyard(...args: string[]): string {
  const command = 'stty cols "$0" rows 40 && exec "$@" </dev/null';
  const terminal = 'import pty, sys; pty.spawn(sys.argv[1:])';
  return execFileSync(
    'python3',
    [
      '-c',
      terminal,
      'sh',
      '-c',
      command,
      String(COLUMNS),
      process.execPath,
      join(ROOT, 'bin/trainyard.js'),
      ...args,
    ],
    {
      cwd: base,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1', HOME: base },
    },
  );
}

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: project });
}

function typed(command: string): string {
  return `\u001B[90m$\u001B[39m \u001B[1m${command}\u001B[22m`;
}

/** Each frame of the live screen begins by clearing the one before. */
function framesOf(output: string): string[] {
  return output.split('\u001B[J').slice(1);
}

/** The moment with the most jobs running, and of those the one with most behind it. */
function busiestFrame(output: string): string {
  const weight = (frame: string): number =>
    (frame.match(/_2015_12_31/g) ?? []).length * 100 + (frame.match(/█/g) ?? []).length;
  const frames = framesOf(output);
  return frames.toSorted((a, b) => weight(b) - weight(a))[0] ?? '';
}

function lastScreen(output: string): string {
  return framesOf(output).at(-1) ?? '';
}

function tidy(output: string): string[] {
  // Moving the cursor is not part of the picture; colours are.
  const lines = output
    .replaceAll(/\u001B\[\d*[A-HJK]/g, '')
    .replaceAll('\r', '')
    .split('\n');
  while (lines[0]?.trim() === '') lines.shift();
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

function svg(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * FONT_WIDTH + 32);
  const height = lines.length * LINE_HEIGHT + 56;
  const body = lines.map((line, i) => spans(line, 52 + i * LINE_HEIGHT)).filter((line) => line !== '');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal with the output of trainyard plan and trainyard run">
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="20" cy="18" r="5" fill="#ff5f57"/><circle cx="38" cy="18" r="5" fill="#febc2e"/><circle cx="56" cy="18" r="5" fill="#28c840"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3" xml:space="preserve">
${body.join('\n')}
</g>
</svg>
`;
}

/** A line as pieces of one colour each, every piece at its column: fonts that lack a sign cannot push the rest away. */
function spans(line: string, y: number): string {
  let column = 0;
  let colour: string | null = null;
  let bold = false;
  const pieces: string[] = [];
  for (const part of line.split(/(\u001B\[[\d;]*m)/)) {
    const codes = /^\u001B\[([\d;]*)m$/.exec(part);
    if (codes !== null) {
      for (const code of (codes[1] ?? '').split(';').map(Number)) {
        if (code === 0) [colour, bold] = [null, false];
        else if (code === 1) bold = true;
        else if (code === 22) bold = false;
        else colour = COLOURS[code] ?? null;
      }
      continue;
    }
    for (const { 0: word, index } of part.matchAll(/\S+(?: \S+)*/g)) {
      const x = 16 + (column + [...part.slice(0, index)].length) * FONT_WIDTH;
      const style = `${colour === null ? '' : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ''}`;
      pieces.push(
        `<text x="${x.toFixed(1)}" y="${y}" textLength="${([...word].length * FONT_WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs"${style}>${escaped(word)}</text>`,
      );
    }
    column += [...part].length;
  }
  return pieces.join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
