import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

inBrowser('the focus of somebody without a mouse', (visitor) => {
  let room: ControlRoom;
  let request: string;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1', 'kiln_2', 'kiln_3'], environment: false });
    await project.trained('--circuits', 'kiln_3');
    await project.ends(11, ['run', '--circuits', 'kiln_1,kiln_2']);
    await project.ok(['tokens', 'create', 'ci', '--role', 'operator']);
    await project.ok(['tokens', 'create', 'other', '--role', 'viewer']);
    request = await openRequest(project, 'registry-promotion');
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('goes to the heading of each page that is opened, also where its data comes later', async () => {
    const page = await visitor.open(room.at('/fleet?view=table'));
    for (const [link, heading] of [
      [page.getByRole('link', { name: 'kiln_1' }), /^kiln_1/],
      [page.getByRole('link', { name: 'kiln-1', exact: true }), /^kiln-1/],
      [page.getByRole('link', { name: /^Approvals/ }), 'Approvals'],
      [page.getByRole('link', { name: 'Promote 2 models' }), /^Promote 2 models/],
      [page.getByRole('link', { name: 'Run 2' }), /^Run 2/],
    ] as const) {
      await press(page, link);
      await focused(page, page.getByRole('heading', { level: 1, name: heading })).waitFor();
    }
    // The approval was there before: nothing of it has to be fetched.
    await page.goBack();
    await focused(page, page.getByRole('heading', { level: 1, name: /^Promote 2 models/ })).waitFor();
  });

  it('stays near what it was on, when that goes away with what was done', async () => {
    const page = await visitor.open(room.at('/settings?tab=tokens'));
    await press(page, page.getByRole('row', { name: /^ci/ }).getByRole('button', { name: 'Revoke' }));
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Revoke' }));
    await page.getByRole('row', { name: /^ci/ }).waitFor({ state: 'detached' });
    // From the table, Tab goes to the row that is left.
    await focused(
      page,
      page.locator('div').filter({ has: page.getByRole('table', { name: 'Tokens' }) }),
    ).waitFor();
    await page.keyboard.press('Tab');
    await focused(page, page.getByRole('row', { name: /^other/ }).getByRole('button')).waitFor();
  });

  it('is not lost when what had it can be used no more', async () => {
    const page = await visitor.open(room.at(`/approvals/${request}`));
    await press(page, page.getByRole('button', { name: /^Select all/ }));
    await press(page, page.getByRole('button', { name: 'Approve', exact: true }));
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Approve 2 models' }));
    await page.getByText('The request is over.').waitFor();
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).isDisabled()).toBe(true);
    await focused(page, page.locator('#page *')).waitFor();
  });

  it('stays on a button while it is at work, and is there when that failed', async () => {
    const page = await visitor.open(room.at('/fleet/kiln_1'), { expects: [/500/] });
    let asked = 0;
    await page.route('**/api/v1/plans', async (route) => {
      asked += 1;
      await page.evaluate('new Promise((told) => requestAnimationFrame(told))');
      await route.fulfill({
        status: 500,
        json: { title: 'It broke', status: 500, code: 'internal', detail: 'Once.' },
      });
    });
    const button = page.getByRole('button', { name: 'Plan its training' });
    await press(page, button);
    await page.getByRole('alert').waitFor();
    await focused(page, button).waitFor();
    expect(asked).toBe(1);
  });
});

/** As somebody does who came to it with Tab, once it can be used. */
async function press(page: Page, wanted: Locator): Promise<void> {
  await wanted.click({ trial: true });
  await wanted.focus();
  await page.keyboard.press('Enter');
}

const focused = (page: Page, wanted: Locator): Locator => wanted.and(page.locator(':focus'));
