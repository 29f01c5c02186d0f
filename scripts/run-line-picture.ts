/**
 * Draws docs/images/run-line.svg, a run of the example as the Run page draws it: `npm run pictures`. The example is
 * trained in a temporary folder with one circuit that cannot be, so that the run stands at the siding's signal. Layout,
 * shapes and colours are those of the web UI; light and dark follow whoever looks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileWhole } from '../src/kernel/files.ts';
import { GLYPHS } from '../web/src/railway/glyphs.ts';
import { layAcross } from '../web/src/railway/layout.ts';
import type { LineLayout, Post, Stop } from '../web/src/railway/layout.ts';
import { below, inWords } from '../web/src/railway/stations.ts';
import { lookOf } from '../web/src/ui/states.ts';

const ROOT = join(import.meta.dirname, '..');
const COLOURS = ['panel', 'text', 'muted', 'rule', 'ok', 'failed', 'running', 'waiting', 'canceled', 'idle'];
const base = mkdtempSync(join(tmpdir(), 'trainyard-picture-'));

const Stations = z.array(
  z.object({
    name: z.string(),
    status: z.enum(['pending', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'canceled']),
    counts: z.record(z.string(), z.number()),
  }),
);

try {
  const stages = Stations.parse(z.object({ stages: z.unknown() }).parse(runOfTheExample()).stages);
  await writeFileWhole(join(ROOT, 'docs', 'images', 'run-line.svg'), svg(layAcross(stages)));
} finally {
  rmSync(base, { recursive: true, force: true });
}

/** The run as `--json` tells it. */
function runOfTheExample(): unknown {
  const project = join(base, 'my-fleet');
  trainyard('init', project);
  const circuits = join(project, 'config', 'circuits.yaml');
  const before = readFileSync(circuits, 'utf8');
  const broken = before.replace(
    /features: \[precipitation\](?![\s\S]*features: \[precipitation\])/,
    'features: [sunshine]',
  );
  if (broken === before) throw new Error('The example has no circuit to break any more.');
  writeFileSync(circuits, broken);
  execFileSync('git', ['init', '--quiet'], { cwd: project });
  trainyard('run', '--project', project);
  return JSON.parse(trainyard('runs', 'show', '1', '--json', '--project', project));
}

/** Whatever it ends with: a run that waits for somebody ends with a code of its own. */
function trainyard(...args: string[]): string {
  const { error, stdout } = spawnSync(process.execPath, [join(ROOT, 'bin/trainyard.js'), ...args], {
    cwd: base,
    encoding: 'utf8',
    env: { ...process.env, HOME: base },
  });
  if (error !== undefined) throw error;
  return stdout;
}

function svg(line: LineLayout): string {
  const told = line.stops.map(({ station }) =>
    [station.name, lookOf(station.status).word, inWords(station.counts)].filter((t) => t !== '').join(', '),
  );
  const rails = (['unused', 'ahead', 'passed'] as const).flatMap((state) =>
    line.rails
      .filter((rail) => rail.state === state)
      .map(({ d }) => `<path class="rail ${state}" d="${d}"/>`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${line.width} ${line.height}" width="${line.width}" height="${line.height}" role="img" aria-labelledby="t d">
<title id="t">A training run as a line with stations</title>
<desc id="d">${told.join('; ')}.</desc>
<style>
${styles()}
</style>
<rect class="ground" width="${line.width}" height="${line.height}" rx="8"/>
${[...rails, ...line.posts.map(signal), ...line.stops.map(station)].join('\n')}
</svg>
`;
}

function signal({ x, y, foot, signal: shows }: Post): string {
  return `<g class="signal ${shows}"><path d="M${x} ${foot}V${y}"/><rect x="${x - 7}" y="${y - 12}" width="14" height="24" rx="7"/><circle class="upper" cx="${x}" cy="${y - 5}" r="4"/><circle class="lower" cx="${x}" cy="${y + 5}" r="4"/></g>`;
}

function station({ station: it, x, y, label }: Stop): string {
  const { d, filled } = GLYPHS[it.status];
  const { tone, word } = lookOf(it.status);
  return `<g class="stop ${it.status}" style="--tone:var(--${tone})"><circle class="ring" cx="${x}" cy="${y}" r="11"/><path class="glyph${filled ? ' filled' : ''}" d="${d}" transform="translate(${x} ${y})"/><text class="name" x="${label.x}" y="${label.y}" text-anchor="${label.anchor}">${it.name}</text><text class="state" x="${label.x}" y="${label.y + 17}" text-anchor="${label.anchor}">${below(it, word)}</text></g>`;
}

/** Those of railway.module.css, with the colours of tokens.css. */
function styles(): string {
  const tokens = readFileSync(join(ROOT, 'web/src/tokens.css'), 'utf8');
  const pairs = COLOURS.map((name) => {
    const [, light, dark] = new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(tokens) ?? [];
    if (light === undefined || dark === undefined) throw new Error(`tokens.css has no colour ${name}.`);
    return { name, light, dark };
  });
  // What is not reached yet: between the rail and what is behind it. Not see-through, so that crossings do not show.
  const [panel, muted] = ['panel', 'muted'].map((name) => pairs.find((p) => p.name === name));
  if (panel !== undefined && muted !== undefined)
    pairs.push({
      name: 'faint',
      light: mixed(muted.light, panel.light),
      dark: mixed(muted.dark, panel.dark),
    });
  const set = (theme: 'light' | 'dark'): string => pairs.map((p) => `--${p.name}:${p[theme]}`).join(';');
  return `svg{${set('light')}}
@media (prefers-color-scheme: dark){svg{${set('dark')}}}
text{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}
.ground{fill:var(--panel);stroke:var(--rule)}
.name{font-size:12.5px;font-weight:500;fill:var(--text)}.state{font-size:12px;fill:var(--tone)}
.rail{fill:none;stroke:var(--muted);stroke-width:4;stroke-linecap:round}
.ahead{stroke:var(--faint)}.unused{stroke:var(--faint);stroke-width:3;stroke-dasharray:1 8}
.signal path{stroke:var(--muted);stroke-width:2}.signal rect{fill:var(--panel);stroke:var(--muted);stroke-width:1.5}
.signal circle{fill:var(--rule)}.signal.stop .upper{fill:var(--waiting)}.signal.go .lower{fill:var(--ok)}
.ring{fill:var(--panel);stroke:var(--tone);stroke-width:3}.glyph{fill:none;stroke:var(--tone);stroke-width:2.25;stroke-linecap:round;stroke-linejoin:round}
.filled{fill:var(--tone);stroke-width:1}.succeeded .ring,.failed .ring{fill:var(--tone)}.succeeded .glyph,.failed .glyph{stroke:var(--panel)}
.pending .ring,.skipped .ring{stroke-width:2;stroke:var(--faint)}.pending .name,.skipped .name{fill:var(--muted)}`;
}

/** Two colours `#rrggbb`: a third of the first in the second. */
function mixed(front: string, back: string): string {
  const part = (colour: string, i: number): number => Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16);
  const mix = [0, 1, 2].map((i) => Math.round(0.38 * part(front, i) + 0.62 * part(back, i)));
  return `#${mix.map((each) => each.toString(16).padStart(2, '0')).join('')}`;
}
