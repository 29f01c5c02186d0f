import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** As long as the rules of names allow, to see what gives way. */
const LONG = `kiln_${'a-name-that-goes-on-and-on-'.repeat(3).slice(0, 75)}`;
const VIEWS = [
  { width: 1280, colorScheme: 'light' },
  { width: 375, colorScheme: 'dark' },
] as const;

inBrowser('every page', (visitor) => {
  let room: ControlRoom;
  let request = '';
  let job = '';
  let plan = '';
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2', 'mill_1', LONG],
      settings: `
groups: {crew: [ada@x]}
notifications: {channels: {ops: {type: webhook, url: "http://127.0.0.1:9/"}}, routes: []}
schedules: {nightly: {cron: "15 2 * * *", timezone: UTC, run: {pipeline: train}}}
`,
    });
    await project.ends(11, ['run', '--fail', 'kiln_2=CUDA out of memory']);
    await project.ok(['tokens', 'create', 'ci', '--role', 'operator']);
    room = await ControlRoom.over(project, { timeout_ms: 600_000 });
    const first = async (path: string): Promise<Record<string, string>> => {
      const { items } = await room.get<{ items: Record<string, string>[] }>(path);
      return items[0] ?? {};
    };
    request = (await first('/approvals?status=waiting'))['id'] ?? '';
    job = (await first('/jobs?q=a-name'))['name'] ?? '';
    const planned = await fetch(room.at('/api/v1/plans'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: room.url },
      body: '{}',
    });
    plan = ((await planned.json()) as { plan_id?: string }).plan_id ?? '';
  }, 120_000);
  afterAll(() => room[Symbol.asyncDispose]());

  /** Whether the page or its main part is wider than its window, so that it would have to be pushed about. */
  const overflows = (page: Page): Promise<boolean> =>
    page.evaluate<boolean>(
      `[document.documentElement, document.querySelector('#page')].some((e) => e !== null && e.scrollWidth > e.clientWidth)`,
    );

  it.each([
    ['the fleet', () => '/fleet'],
    ['the fleet as a table', () => '/fleet?view=table'],
    ['a circuit', () => `/fleet/${LONG}`],
    ['a new plan', () => '/plan'],
    ['a plan', () => `/plan/${plan}`],
    ['the runs', () => '/runs'],
    ['a run', () => '/runs/1'],
    ['a stage', () => '/runs/1?stage=RetryFailedTraining'],
    ['the jobs of a run', () => '/runs/1?view=table'],
    ['the failures of a run', () => '/runs/1?tab=failures'],
    ['the timeline of a run', () => '/runs/1?tab=timeline'],
    ['the artifacts of a run', () => '/runs/1?tab=artifacts'],
    ['the plan of a run', () => '/runs/1?tab=plan'],
    ['the events of a run', () => '/runs/1?tab=events'],
    ['a job', () => `/jobs/${job}`],
    ['the details of a job', () => `/jobs/${job}?tab=details`],
    ['the attempts of a job', () => `/jobs/${job}?tab=attempts`],
    ['the approvals', () => '/approvals?show=all'],
    ['an approval', () => `/approvals/${request}`],
    ['the models', () => '/models'],
    ['the events', () => '/activity'],
    ['the audit', () => '/activity?tab=audit'],
    ['the server', () => '/settings'],
    ['the gates', () => '/settings?tab=gates'],
    ['the channels', () => '/settings?tab=channels'],
    ['the tokens', () => '/settings?tab=tokens'],
    ['the schedules', () => '/settings?tab=schedules'],
    ['the settings', () => '/settings?tab=file'],
    ['sign-in', () => '/sign-in'],
    ['nothing', () => '/no-such-page'],
  ])('%s can be used by everybody, light and dark, and fits into 375 px', async (_what, path) => {
    const page = await visitor.open(room.at(path()));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('load');
    await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
    const found: string[] = [];
    for (const { width, colorScheme } of VIEWS) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const where = `at ${width} px, ${colorScheme}`;
      if (await overflows(page)) found.push(`${where}: it scrolls sideways`);
      found.push(...(await axeProblems(page)).map((problem) => `${where}: ${problem}`));
    }
    expect(found).toEqual([]);
  });
});
