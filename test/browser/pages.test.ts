import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EIGHT, TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** Pages by what somebody would call them: their address, and what has to be there before they are looked at. */
const PAGES: readonly (readonly [name: string, path: string, there: RegExp])[] = [
  ['the fleet as a board', '/fleet', /9 circuits of 2 plants/],
  ['the fleet as a table', '/fleet?view=table', /kiln_1/],
  ['a fleet of which nothing matches', '/fleet?q=nowhere', /No circuit matches/],
  ['a circuit with a long name', '/fleet/LONG', /Stands in/],
  ['a good circuit', '/fleet/kiln_1', /Stands in/],
  ['a stale circuit', '/fleet/kiln_3', /hyperparameters\.lr/],
  ['a circuit that there is not', '/fleet/kiln_99', /There is no circuit/],
  ['the start of a plan', '/plan', /What counts as changed/],
  ['a plan', '/plan/PLAN', /to keep/],
  ['a plan that is gone', '/plan/plan_000000000000', /Make a new one/],
  ['the runs', '/runs', /tester/],
  ['a run', '/runs/2', /PromoteModels/],
  ['a run with a station open', '/runs/2?stage=SubmitTraining', /Started/],
  ['the jobs of a run as a table', '/runs/2?view=table', /mill_1/],
  ['the failures of a run', '/runs/3?tab=failures', /2 circuits failed/],
  ['the timeline of a run', '/runs/2?tab=timeline', /no time that could be drawn/],
  ['the artifacts of a run', '/runs/2?tab=artifacts', /Download all as a zip/],
  ['the plan of a run', '/runs/2?tab=plan', /kiln_2/],
  ['the events of a run', '/runs/2?tab=events', /run 2/i],
  ['a job', '/jobs/kiln_1_2026_03_31', /epoch \d/],
  ['the details of a job', '/jobs/kiln_1_2026_03_31?tab=details', /train\.py/],
  ['the attempts of a job', '/jobs/kiln_1_2026_03_31?tab=attempts', /succeeded/],
  ['what waits for a decision', '/approvals', /Promote/],
  ['models to decide on', '/approvals/MODELS', /kiln-2:2/],
  ['failures to decide on', '/approvals/FAILURES', /Traceback|KeyError/],
  ['the models', '/models', /ahead of shared|promoted/],
  ['a model', '/models/kiln-1', /v1/],
  ['two versions compared', '/models/kiln-2?compare=1,2', /v1 and v2 compared/],
  ['a version', '/models/kiln-2/1', /In words/],
  ['the settings', '/settings', /circuits in config/],
  ['the gates', '/settings?tab=gates', /registry-promotion/],
  ['the channels', '/settings?tab=channels', /webhook/],
  ['the tokens', '/settings?tab=tokens', /operator/],
  ['the schedules', '/settings?tab=schedules', /nightly/],
  ['the hooks', '/settings?tab=hooks', /not ready/],
  ['retention', '/settings?tab=retention', /once a day by itself/],
  ['trainyard.yaml', '/settings?tab=file', /max_changed/],
  ['the page for signing in', '/sign-in', /Sign in/],
  ['what happened', '/activity', /Run 3 started/],
  ['what is on record', '/activity?tab=audit', /tester/],
  ['a page that there is not', '/nowhere', /nowhere|nothing/i],
];

/** As long as the rules of names allow, to see what gives way. */
const LONG = `kiln_${'a-name-that-goes-on-and-on-'.repeat(3).slice(0, 75)}`;
const SETTINGS = `
groups: {crew: [ada@x]}
notifications: {channels: {ops: {type: webhook, url: "http://127.0.0.1:9/"}}, routes: []}
schedules: {nightly: {cron: "15 2 * * *", timezone: UTC, run: {pipeline: train}}}
hooks: {pushed: {sender: github, secret: "\${env:NO_SUCH_KEY}", branches: [main, "release/*"], pull: true}}
`;

inBrowser('every page', (visitor) => {
  let room: ControlRoom;
  const ids: Record<string, string> = { LONG };
  beforeAll(async () => {
    const project = TestProject.create({ circuits: [...EIGHT, LONG], settings: SETTINGS });
    await project.trained();
    for (const id of ['kiln_2', 'mill_1', 'mill_2']) project.change(id, 0.2);
    await project.ends(11, ['run']);
    await project.ends(11, [
      'run',
      '--circuits',
      'mill_3,mill_4',
      '--fail',
      "mill_*=KeyError: 'flow_temperature'",
    ]);
    project.change('kiln_3', 0.3);
    await project.ok(['tokens', 'create', 'ci', '--role', 'operator']);
    room = await ControlRoom.over(project);
    ids['PLAN'] = (await room.post<{ plan_id: string }>('/plans', {})).plan_id;
    ids['MODELS'] = await openRequest(project, 'registry-promotion');
    ids['FAILURES'] = await openRequest(project, 'training-retry');
  }, 180_000);
  afterAll(() => room[Symbol.asyncDispose]());

  describe('keeps WCAG 2.2 AA in both themes, and fits a telephone:', () => {
    it.each(PAGES)('%s', async (_name, path, there) => {
      const at = path.replace(/[A-Z]{4,}/, (name) => ids[name] ?? name);
      const page = await visitor.open(room.at(at), { expects: [/status of 404/] });
      await page.getByRole('main').getByText(there).filter({ visible: true }).first().waitFor();
      await settled(page);
      // What is folded up is part of the page.
      await page.evaluate(
        `document.querySelectorAll('#page details').forEach((each) => { each.open = true; })`,
      );
      expect(await axeProblems(page)).toEqual([]);
      expect(await beyond(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 375, height: 700 });
      await settled(page);
      expect(await axeProblems(page)).toEqual([]);
      expect(await beyond(page)).toEqual([]);
      // And what lies between the two.
      for (const width of [540, 768, 960]) {
        await page.setViewportSize({ width, height: 700 });
        await settled(page);
        expect(await beyond(page)).toEqual([]);
      }
    });
  });

  it('tells on hover, below the link of a row, what stands there in short', async () => {
    const page = await visitor.open(room.at('/runs'));
    const row = page.getByRole('row', { name: /^3 / });
    const hint = page.getByRole('tooltip');
    for (const [part, says] of [
      ['time', /UTC$/],
      ['svg', /MonitorTraining: failed|MonitorTraining: succeeded/],
    ] as const) {
      const { x, y } = (await row.locator(part).boundingBox()) ?? { x: 0, y: 0 };
      await page.mouse.move(x + 8, y + 8);
      await hint.getByText(says).waitFor();
    }
    await page.mouse.move(8, 8);
    await hint.waitFor({ state: 'hidden' });
  });
});

/** Nothing is on its way any more: what was asked is answered, and what moves has come to rest. */
const settled = (page: Page): Promise<void> =>
  expect
    .poll(
      () =>
        page.evaluate<boolean>(`
        document.querySelector('[aria-busy="true"]') === null &&
        document.getAnimations().every((each) => each.playState !== 'running')`),
      { timeout: 30_000 },
    )
    .toBe(true);

/** What makes the page, its main part or a table scroll sideways, and rows that are wider than their table. */
const beyond = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`
    [...document.querySelectorAll('[role="table"]')]
      .filter(({ parentElement: { scrollWidth, clientWidth } }) => scrollWidth > clientWidth)
      .map((table) => 'table ' + table.ariaLabel)
      // A row hides what it has no room for.
      .concat([...document.querySelectorAll('[role="row"]')]
        .filter((row) => row.lastElementChild.getBoundingClientRect().right > row.getBoundingClientRect().right)
        .map((row) => 'row ' + row.textContent.slice(0, 40)))
      .concat([document.documentElement, document.querySelector('#page')].every((each) => (each?.scrollWidth ?? 0) <= innerWidth) ? [] :
      [...document.querySelectorAll('body *')]
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
        .map((each) => each.tagName + '.' + each.className + ' ' + each.textContent.slice(0, 40))
        .slice(0, 5))`);
