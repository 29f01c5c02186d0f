/**
 * Takes the pictures of the control room in docs/images/web: `npm run screenshots`. The example fleet is really trained
 * in a temporary folder, some of it fails, some of it waits, and the pages are shown by a real browser, light and dark.
 * Sizes and story are always the same; times and durations are those of the day, so no test compares the pictures.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { ControlRoom } from '../test/browser/control-room.ts';
import { NO_CHROMIUM, findChromium, launchChromium } from '../test/helpers/chromium.ts';
import { TestProject } from '../test/helpers/project.ts';
import { openRequest } from '../test/helpers/rows.ts';
import { ensureWebDist } from '../test/helpers/web-dist.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'images', 'web');
const EXAMPLE_SCRIPTS = join(import.meta.dirname, '..', 'examples', 'training-scripts');
const CIRCUITS = 'config/circuits.yaml';
const MOST_BYTES = 200_000;

const SCHEDULE = `
schedules:
  nightly: {cron: "15 2 * * *", timezone: Europe/Oslo, run: {pipeline: train}}
`;

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What has to be there before it is taken. */
  readonly there: string;
  readonly height?: number;
  readonly width?: number;
  /** Brings the page into the state that is shown. */
  readonly first?: (page: Page) => Promise<void>;
}

const STORIES: Readonly<Record<string, (browser: Browser) => Promise<void>>> = {
  example: theExample,
  'large-fleet': theLargeFleet,
  'run-under-way': theRunUnderWay,
  scripts: theScripts,
  door: theDoor,
};
/** `npm run screenshots -- door` takes those alone. */
const asked = process.argv.slice(2);

const found = findChromium();
if (found === null) throw new Error(NO_CHROMIUM);
mkdirSync(FOLDER, { recursive: true });
await ensureWebDist();
const browser = await launchChromium(found);
try {
  for (const [name, story] of Object.entries(STORIES))
    if (asked.length === 0 || asked.includes(name)) await story(browser);
} finally {
  await browser.close();
}

/** Eight weather forecasters with a history, in all states that a morning may find them in. */
async function theExample(browser: Browser): Promise<void> {
  const project = TestProject.empty('weather-stations');
  await project.ok(['init', '.']);
  // So fast that nothing would be seen at work.
  project.edit('components/training-pipeline-component.yaml', 'command: >-\n', 'command: >-\n  sleep 1 &&\n');
  project.edit('components/training-pipeline-component.yaml', 'max_retries: 1', 'max_retries: 0');
  project.write('trainyard.yaml', `${project.read('trainyard.yaml')}${SCHEDULE}`);
  project.commit('Eight weather forecasters');
  project.git('config', 'user.name', 'Ada');
  project.git('config', 'user.email', 'ada@example.com');
  await project.trained();
  for (const [from, to] of [
    ['lags: 7 #', 'lags: 10 #'],
    ['harmonics: 2 #', 'harmonics: 3 #'],
    ['ridge: 1.0 #', 'ridge: 4.0 #'],
  ] as const) {
    project.edit(CIRCUITS, from, to);
    project.commit(`Try ${to.slice(0, -2)}`);
    await project.trained();
  }
  // A sensor is renamed where nobody should have: its training fails, and it is not tried again.
  project.edit(
    CIRCUITS,
    'circuit_id: wind\n    features: [wind]',
    'circuit_id: wind\n    features: [wind_speed]',
  );
  await project.ends(11, ['run', '--approve', 'registry-promotion']);
  await project.trainyard([
    'reject',
    await openRequest(project, 'training-retry'),
    '--comment',
    'No such sensor.',
  ]);
  // Two others fail, and wait for a decision; what succeeded waits behind them.
  editOf(project, 'newyork', 'precipitation', 'holdout_days: 365', 'holdout_days: 3650');
  editOf(project, 'newyork', 'wind', 'holdout_days: 365', 'holdout_days: 3650');
  editOf(project, 'seattle', 'precipitation', 'lags: 7', 'lags: 14');
  project.commit('Other settings for wind and rain');
  await project.ends(11, ['run', '--circuits', 'newyork_precipitation,newyork_wind,seattle_precipitation']);
  // Warmer: better models that wait for somebody to promote them.
  project.edit(CIRCUITS, 'lags: 10 #', 'lags: 14 #');
  project.commit('Look back further');
  await project.ends(11, ['run', '--circuits', 'seattle_temp_max,newyork_temp_max,newyork_temp_min']);

  const room = await ControlRoom.over(project);
  try {
    const models = await openRequest(project, 'registry-promotion');
    const failures = await openRequest(project, 'training-retry');
    const { plan_id } = await room.post<{ plan_id: string }>('/plans', {});
    await take(browser, room, [
      { name: 'fleet', path: '/fleet', there: '8 circuits of 2 plants', height: 640 },
      { name: 'fleet-table', path: '/fleet?view=table', there: 'seattle_temp_min', height: 560 },
      { name: 'circuit', path: '/fleet/seattle_temp_min', there: 'Stands in', height: 760 },
      { name: 'plan', path: `/plan/${plan_id}`, there: 'to keep', height: 760 },
      { name: 'runs', path: '/runs', there: 'ada@example.com', height: 480 },
      { name: 'run', path: '/runs/6', there: 'PromoteModels', height: 640 },
      { name: 'run-failures', path: '/runs/6?tab=failures', there: 'circuits failed', height: 860 },
      { name: 'job', path: '/jobs/seattle_temp_max_2015_12_31', there: 'fitted to all', height: 520 },
      {
        name: 'approval',
        path: `/approvals/${models}`,
        there: 'Promote 3 models',
        height: 560,
        first: async (page) => {
          await page.getByRole('row', { name: /newyork-temp_max/ }).waitFor();
          await page.keyboard.press('j');
        },
      },
      { name: 'approval-failures', path: `/approvals/${failures}`, there: 'A retry of all', height: 640 },
      { name: 'models', path: '/models', there: 'seattle-temp_max', height: 560 },
      {
        name: 'model-compare',
        path: '/models/seattle-temp_max?compare=1,5',
        there: 'v1 and v5 compared',
        height: 900,
      },
      { name: 'model-version', path: '/models/seattle-temp_max/4', there: 'In words', height: 700 },
      { name: 'settings', path: '/settings', there: '8 circuits in config', height: 760 },
      { name: 'activity', path: '/activity', there: 'approval.requested', height: 520 },
      { name: 'run-phone', path: '/runs/6', there: 'PromoteModels', width: 375, height: 812 },
    ]);
  } finally {
    await room[Symbol.asyncDispose]();
  }
}

/** What a board of some thousands looks like; nothing is trained for it. */
async function theLargeFleet(browser: Browser): Promise<void> {
  const plants = ['aachen', 'bergen', 'cadiz', 'delft', 'espoo', 'faro', 'ghent', 'huelva'];
  const circuits = plants.flatMap((plant, p) =>
    Array.from({ length: 180 + 40 * p }, (_, i) => `${plant}_${String(1000 + 7 * i)}`),
  );
  const project = TestProject.create({ circuits, environment: false });
  project.commit('A fleet');
  project.git('config', 'user.email', 'ada@example.com');
  const most = circuits.filter((_, i) => i % 23 !== 4);
  const fails = ['aachen_12*', 'delft_17*', 'faro_3*'].flatMap((glob) => [
    '--fail',
    `${glob}=flow sensor is dead`,
  ]);
  await project.trainyard(['run', '--circuits', most.join(','), '--approve', 'all', ...fails]);
  for (const id of most.filter((_, i) => i % 17 === 3 || (i > 600 && i < 660))) project.change(id, 0.2);
  const room = await ControlRoom.over(project);
  try {
    await take(browser, room, [
      { name: 'fleet-large', path: '/fleet', there: 'circuits of 8 plants', height: 800 },
    ]);
  } finally {
    await room[Symbol.asyncDispose]();
  }
}

/** A run while it goes; its jobs are simulated, so that all of them are seen at once. */
async function theRunUnderWay(browser: Browser): Promise<void> {
  const circuits = ['kiln', 'mill', 'press', 'silo'].flatMap((plant) =>
    Array.from({ length: 160 }, (_, i) => `${plant}_${String(2100 + i)}`),
  );
  const project = TestProject.create({ circuits });
  project.edit(
    'trainyard.yaml',
    'speed: 100000',
    'speed: 2, duration: 30s, duration_spread: 0.6, prepare: 8s, max_parallel: 120, fail_rate: 0.04',
  );
  project.commit('A fleet');
  project.git('config', 'user.email', 'ada@example.com');
  const room = await ControlRoom.over(project);
  try {
    await room.run([], ['registry-promotion']);
    for (let done = 0; done < 260; await sleep(200))
      done = (await room.get<{ jobs: { succeeded: number } }>('/runs/1')).jobs.succeeded;
    await take(browser, room, [
      { name: 'run-live', path: '/runs/1', there: 'running', height: 800 },
      { name: 'run-timeline', path: '/runs/1?tab=timeline', there: 'at the busiest', height: 1080 },
    ]);
  } finally {
    await room[Symbol.asyncDispose]();
  }
}

/** Training scripts that need no config, and a sweep over two of their options. */
async function theScripts(browser: Browser): Promise<void> {
  const project = TestProject.create({ circuits: ['kiln_1'], environment: false });
  cpSync(EXAMPLE_SCRIPTS, project.folder, { recursive: true });
  project.commit('Scripts');
  project.git('config', 'user.email', 'ada@example.com');
  const room = await ControlRoom.over(project);
  try {
    const sweep = { ridge: [0.1, 1, 5, 50, 200], epochs: [1, 2, 4] };
    await room.post('/scripts/run', { only: ['ridge'], sweep, parallel: true });
    await take(browser, room, [
      { name: 'scripts', path: '/scripts', there: 'train_folds', height: 620 },
      {
        name: 'scripts-new',
        path: '/scripts/new?only=train_ridge',
        there: 'one attempt each',
        height: 860,
        first: async (page) => {
          await page.getByLabel('--ridge').fill('0.1, 1, 5');
          await page.getByLabel('Several at once').check();
          await page.getByRole('button', { name: 'Run 3 jobs' }).waitFor();
          await page.getByText(/^Up to 4 at once/).waitFor();
        },
      },
      { name: 'script-run', path: '/scripts/runs/1?x=ridge&by=epochs', there: '15 succeeded', height: 860 },
    ]);
  } finally {
    await room[Symbol.asyncDispose]();
  }
}

/** Where people sign in. */
async function theDoor(browser: Browser): Promise<void> {
  const project = TestProject.create({
    circuits: ['kiln_1'],
    settings: `server: {oidc: {issuer: "https://login.example.com", client_id: trainyard}, roles: {viewer: ["*"]}}\n`,
  });
  const room = await ControlRoom.over(project);
  try {
    const sign_in = { name: 'sign-in', path: '/sign-in', there: 'Sign in with', height: 480, width: 800 };
    await take(browser, room, [sign_in]);
  } finally {
    await room[Symbol.asyncDispose]();
  }
}

/** Changes a setting of one circuit, wherever it stands in the file. */
function editOf(project: TestProject, plant: string, circuit: string, from: string, to: string): void {
  const blocks = project.read(CIRCUITS).split(/^(?= {2}- plant_id)/m);
  const at = blocks.findIndex(
    (b) => b.includes(`plant_id: ${plant}\n`) && b.includes(`circuit_id: ${circuit}\n`),
  );
  const block = blocks[at] ?? '';
  if (!block.includes(from)) throw new Error(`${plant}_${circuit} has no ${from}`);
  project.write(CIRCUITS, blocks.with(at, block.replace(from, to)).join(''));
}

async function take(browser: Browser, room: ControlRoom, pictures: readonly Picture[]): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      colorScheme: theme,
      deviceScaleFactor: 2,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Oslo',
    });
    const page = await context.newPage();
    await hidePlaces(page, room);
    for (const picture of pictures) {
      await page.setViewportSize({ width: picture.width ?? 1280, height: picture.height ?? 760 });
      await page.goto(room.at(picture.path));
      await page.getByText(picture.there).filter({ visible: true }).first().waitFor();
      if (picture.name !== 'sign-in')
        await page.locator('[role=status]', { hasText: 'Live' }).waitFor({ state: 'attached' });
      await page.waitForLoadState('load');
      await atRest(page);
      await picture.first?.(page);
      await atRest(page);
      await save(page, `${picture.name}${theme === 'dark' ? '-dark' : ''}`);
    }
    await context.close();
  }
}

/** Where the machine that takes the pictures keeps its Python and its temporary folders is nobody's. */
async function hidePlaces(page: Page, { project }: ControlRoom): Promise<void> {
  const base = dirname(project.folder);
  await page.route(/\/api\/v1\/(?!.*\bstream\b)/, async (route) => {
    const response = await route.fetch();
    const text = (await response.text())
      .replaceAll(project.folder, `/srv/${basename(project.folder)}`)
      .replaceAll(base, '/srv')
      .replaceAll(/\/(?:[\w.+-]+\/)+bin\/python3[\w.]*/g, '/usr/bin/python3');
    await route.fulfill({ response, body: text });
  });
}

/** Nothing is on its way, and nothing moves. */
async function atRest(page: Page): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    const rests = await page.evaluate<boolean>(`new Promise((told) => requestAnimationFrame(() => told(
      document.querySelector('[aria-busy="true"], [data-skeleton]') === null &&
      document.getAnimations().every((each) => each.playState !== 'running') &&
      document.fonts.status === 'loaded')))`);
    quiet = rests ? quiet + 1 : 0;
  }
}

/** As WebP, which is a quarter of a PNG and just as sharp. */
async function save(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 88 });
  await session.detach();
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > MOST_BYTES) throw new Error(`${name} has ${bytes.length} bytes.`);
  writeFileSync(join(FOLDER, `${name}.webp`), bytes);
  process.stdout.write(`${name} ${Math.round(bytes.length / 1000)} kB\n`);
}
