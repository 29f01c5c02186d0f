import { execFileSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { NO_CHROMIUM, findChromium, launchChromium } from '../test/helpers/chromium.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, measure, median } from './measure.ts';
import { newScratch, writeProject } from './project.ts';
import { serve } from './server.ts';

const CIRCUITS = 10_000;
const ROOT = join(import.meta.dirname, '..');

/**
 * The Fleet page of a trained fleet in a real browser, each time in a profile of its own, so that nothing is cached: how
 * long until it is drawn and takes input, and the longest task while its board and its table are scrolled.
 */
export async function benchFleetPage(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const chromium = findChromium();
  if (chromium === null)
    return { suite: 'fleet-page', figures: [], notes: [`Left out: ${NO_CHROMIUM}`], rounds: {} };
  await withPages();
  const folder = await newScratch();
  await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
  await measure(tools.python, [...TRAINYARD, 'run', '--approve', 'all', '--project', folder], {
    cwd: folder,
  });
  const server = await serve(folder);
  const url = `http://127.0.0.1:${server.port}/fleet`;
  const browser = await launchChromium(chromium);
  try {
    const first = await opened(browser, url);
    const rounds: number[] = [];
    const boards: Scrolled[] = [];
    const tables: Scrolled[] = [];
    for (let i = 0; i < (quick ? 2 : 5); i++) {
      const board = await opened(browser, url);
      rounds.push(board.interactive_ms);
      boards.push(await scrolled(board.page));
      await board.close();
      const table = await opened(browser, `${url}?view=table`);
      tables.push(await scrolled(table.page));
      await table.close();
    }
    await first.close();
    const what = `Fleet page of ${CIRCUITS.toLocaleString('en')} circuits`;
    const longest = (all: readonly Scrolled[]): number => Math.max(...all.map((s) => s.longest_ms));
    return {
      suite: 'fleet-page',
      figures: [
        figure(`${what}: interactive after (median)`, median(rounds), 'ms', '<', 1500),
        figure('the first one after the start of the server', first.interactive_ms, 'ms'),
        figure('longest task while the board is scrolled', longest(boards), 'ms', '<=', 50),
        figure('longest task while the table is scrolled', longest(tables), 'ms', '<=', 50),
      ],
      notes: ['Tasks are told by browsers from 50 ms on; 0 is none of them.'],
      rounds: {
        interactive_ms: rounds,
        board_longest_ms: boards.map((s) => s.longest_ms),
        board_frame_p99_ms: boards.map((s) => s.frame_p99_ms),
        table_longest_ms: tables.map((s) => s.longest_ms),
        table_frame_p99_ms: tables.map((s) => s.frame_p99_ms),
      },
    };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** The web UI of this checkout beside the package that is measured. */
async function withPages(): Promise<void> {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-web.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const built = dirname(dirname(TRAINYARD.at(-1) ?? ''));
  await cp(join(ROOT, 'web', 'dist'), join(built, 'web', 'dist'), { recursive: true });
}

/** Watches from the very start; what counts is asked for later. */
const WATCH = `
  globalThis.tasks = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
`;
/** Drawn: the figures stand there, and so do the tiles or the rows. */
const DRAWN = `
  document.querySelector('#page h1')?.textContent === 'Fleet' &&
  document.querySelector('#page header')?.textContent.includes('10,000 circuits') &&
  document.querySelector('#page [role="listbox"], #page [role="row"] [role="cell"]') !== null
`;
/** When it takes input: drawn, and the task that drew it is over. */
const INTERACTIVE = `new Promise((told) => {
  const look = () => {
    if (!(${DRAWN})) return requestAnimationFrame(look);
    const drawn = performance.now();
    setTimeout(() => told(Math.max(drawn, ...tasks.map((t) => t.startTime + t.duration))), 500);
  };
  look();
})`;

interface Opened {
  readonly page: Page;
  readonly interactive_ms: number;
  close(): Promise<void>;
}

async function opened(browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  await page.goto(url, { waitUntil: 'commit' });
  return {
    page,
    interactive_ms: await page.evaluate<number>(INTERACTIVE),
    close: () => context.close(),
  };
}

interface Scrolled {
  readonly longest_ms: number;
  readonly frame_p99_ms: number;
}

/** With the wheel, as fast as fingers are: down for some seconds, then up again. */
async function scrolled(page: Page): Promise<Scrolled> {
  await page.mouse.move(800, 600);
  await page.evaluate(`
    globalThis.from = performance.now();
    globalThis.frames = [];
    (function next(before) {
      requestAnimationFrame((now) => {
        frames.push(now - before);
        next(now);
      });
    })(performance.now());
  `);
  for (let i = 0; i < 120; i++) {
    await page.mouse.wheel(0, i < 80 ? 600 : -900);
    await page.waitForTimeout(16);
  }
  const { tasks, frames } = await page.evaluate<{ tasks: number[]; frames: number[] }>(
    `({ tasks: tasks.filter((t) => t.startTime >= from).map((t) => t.duration), frames })`,
  );
  const sorted = frames.toSorted((a, b) => a - b);
  return {
    longest_ms: Math.max(0, ...tasks),
    frame_p99_ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  };
}
