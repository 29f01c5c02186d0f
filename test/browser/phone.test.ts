import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { axeProblems } from './axe.ts';
import { NOBODY_SERVES, inBrowser, lineIs } from './browser.ts';
import { ControlRoom } from './control-room.ts';

const PHONE = { viewport: { width: 375, height: 720 }, hasTouch: true } as const;
/** As long as names are where people name them, and as long as they may be: told apart by their ends alone. */
const USUAL = 'newyork_precipitation';
const LONG = `kiln_${'anamethatgoesonandon'.repeat(4).slice(0, 75)}`;
const CIRCUITS = [USUAL, `${LONG}1`, `${LONG}2`, 'mill_1'];

inBrowser('an approver with a telephone', (visitor) => {
  let room: ControlRoom;
  let models: string;
  let failures: string;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: CIRCUITS,
      environment: false,
      settings: 'quality: [mae <= 0]\n',
    });
    await project.ends(11, ['run', '--circuits', CIRCUITS.slice(0, 3).join(',')]);
    await project.ends(11, [
      'run',
      '--circuits',
      CIRCUITS.slice(1).join(','),
      '--fail',
      "*=KeyError: 'flow'",
    ]);
    models = await openRequest(project, 'registry-promotion');
    failures = await openRequest(project, 'training-retry');
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('reads what each request asks, whole', async () => {
    const page = await visitor.open(room.at('/approvals'), { context: PHONE });
    const request = page.getByRole('link', { name: 'Train 3 failed circuits again' });
    await request.waitFor();
    expect(await cut(page)).toEqual([]);
    await page.getByRole('row', { name: /Train 3 failed circuits again .*left/ }).waitFor();
    await request.tap();
    await page.waitForURL(room.at(`/approvals/${failures}`));
  });

  it.each([
    ['models', () => `/approvals/${models}`, nameOfModel, 'held back'],
    ['failed circuits', () => `/approvals/${failures}?tab=subjects`, (circuit: string) => circuit, 'open'],
  ] as const)(
    'tells %s apart, has the whole name by touch and by keys, and sees how each stands',
    async (_what, path, nameOf, state) => {
      const page = await visitor.open(room.at(path()), { context: PHONE });
      const first = nameOf(`${LONG}1`);
      const second = nameOf(`${LONG}2`);
      for (const name of [first, second]) {
        const button = page.getByRole('button', { name, exact: true });
        await button.waitFor();
        const row = page.getByRole('row').filter({ has: button });
        // Its end is there to be seen, and what is left out stands before it.
        const end = await row.getByText(name.slice(-8), { exact: true }).boundingBox();
        expect((end?.x ?? 375) + (end?.width ?? 0)).toBeLessThan(375 - 16);
        await row.getByText(state).waitFor();
      }
      expect((await cut(page)).filter((text) => !/^kiln|against/.test(text))).toEqual([]);
      expect(await axeProblems(page)).toEqual([]);

      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: first, exact: true }).tap();
      await dialog.getByRole('heading', { name: first }).waitFor();
      expect(await dialog.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: second, exact: true }).press('Enter');
      await dialog.getByRole('heading', { name: second }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: second, exact: true }).focus();
      await page.getByRole('tooltip').getByText(second).waitFor();
    },
  );

  it('reads who said what, however long the name of who said it', async () => {
    const voter = 'maximiliane.mustermann-von-der-aue@department-of-kilns.example.com';
    await room.project.ok(
      ['hold', models, '--subjects', nameOfModel(USUAL), '--comment', 'In May.', '--no-wait'],
      { env: { USER: voter } },
    );
    const page = await visitor.open(room.at(`/approvals/${models}?tab=history`), { context: PHONE });
    const vote = page.getByRole('listitem').filter({ hasText: 'In May.' });
    const held = await vote.locator('[data-tone]').boundingBox();
    const who = await vote.getByText(voter).boundingBox();
    expect(who?.y).toBeGreaterThanOrEqual((held?.y ?? 999) + (held?.height ?? 0));
    expect((who?.x ?? 375) + (who?.width ?? 0)).toBeLessThanOrEqual(375 - 16);
    await vote.getByText(`to ${nameOfModel(USUAL)}`).waitFor();
  });

  it('reads an event whole, at the hour of the clock beside the telephone', async () => {
    const context = { ...PHONE, timezoneId: 'Asia/Kolkata' };
    const page = await visitor.open(room.at('/activity?severity=error'), { context });
    const event = page.getByRole('button', { name: new RegExp(`^${LONG}1.* failed`) }).first();
    await event.waitFor();
    const hour = await page.getByRole('row').filter({ has: event }).locator('time').first().textContent();
    await event.tap();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^\(\d{4}-\d\d-\d\d .* UTC\)$/).waitFor();
    expect(await dialog.locator('time').textContent()).toBe(hour);
    expect(await dialog.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
  });

  // Last, as nobody serves any more.
  it('is told when what is shown may be no more what is', async () => {
    const page = await visitor.open(room.at('/approvals'), { context: PHONE, expects: NOBODY_SERVES });
    await page.getByRole('link', { name: /^Promote/ }).waitFor();
    await room.stop();
    await lineIs(page, 'No connection').waitFor();
  });
});

const nameOfModel = (circuit: string): string => `${circuit.replace('_', '-')}:1`;

/** Texts of rows that have less room than they take. */
const cut = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`
    [...document.querySelectorAll('[role="cell"] *, [role="cell"]')]
      .filter((each) => !each.classList.contains('unseen') && each.scrollWidth > each.clientWidth && each.clientWidth > 0)
      .map((each) => each.textContent)`);
