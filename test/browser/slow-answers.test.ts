import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

inBrowser('somebody quicker than the answers', (visitor) => {
  let room: ControlRoom;
  let request: string;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2', 'mill_1', 'oven_1', 'oven_2'],
      environment: false,
    });
    await project.ends(11, ['run']);
    request = await openRequest(project, 'registry-promotion');
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('selects all models of a request before they are there', async () => {
    const page = await visitor.open(room.at('/runs'));
    const answer = await holdBack(page, '/subjects');
    await page.goto(room.at(`/approvals/${request}`));
    await page.getByRole('button', { name: /^Select all/ }).click();
    answer();
    await page.getByText('5 selected').waitFor();
  });

  it('selects what the text matches that was typed just before, and not what is still shown', async () => {
    const page = await visitor.open(room.at(`/approvals/${request}`));
    await page.getByRole('button', { name: 'Select all 5' }).waitFor();
    const answer = await holdBack(page, '/subjects');
    await page.getByRole('searchbox', { name: 'Find models' }).fill('mill');
    await page.getByRole('button', { name: /^Select all/ }).click();
    await page.getByRole('button', { name: 'Select all that match' }).waitFor();
    expect(await page.getByText('none selected').isVisible()).toBe(true);
    answer();
    await page.getByText('1 selected').waitFor();
  });

  it('selects nothing more once that was called off, and what was selected is there after a way back', async () => {
    const page = await visitor.open(room.at('/runs'), { expects: [/500/] });
    const answer = await holdBack(page, '/subjects');
    // A request that is not about failures has no causes: its models stand there.
    await page.goto(room.at(`/approvals/${request}?tab=causes`));
    const all = page.getByRole('button', { name: /^Select all/ });
    const gathers = all.and(page.locator('[aria-busy]'));
    await all.click();
    await gathers.waitFor();
    await page.getByRole('button', { name: 'Select none' }).click();
    await gathers.waitFor({ state: 'detached' });
    await all.click();
    await gathers.waitFor();
    await page.getByLabel('Verdict').selectOption('open');
    await gathers.waitFor({ state: 'detached' });
    answer();
    await page.getByRole('checkbox', { name: 'Select kiln-1:1' }).click();
    await page.getByText('1 selected').waitFor();
    await page.getByRole('link', { name: 'Run 1' }).click();
    await page.getByRole('heading', { level: 1, name: /^Run 1/ }).waitFor();
    await page.goBack();
    await page.getByText('1 selected').waitFor();

    // Where the list could not be read, to select all is another try.
    const broken = { title: 'It broke', status: 500, code: 'internal', detail: 'Once.' };
    await page.route('**/subjects?*', (route) => route.fulfill({ status: 500, json: broken }), { times: 1 });
    await page.getByRole('searchbox', { name: 'Find models' }).fill('oven');
    await page.getByRole('alert').waitFor();
    await all.click();
    await page.getByText('3 selected').waitFor();
  });

  it.each(['board', 'table'])(
    'selects circuits of the %s only once those that match are known',
    async (view) => {
      const page = await visitor.open(room.at(`/fleet?view=${view}`));
      const select = page.getByRole('button', { name: /^Select (all|the)/ });
      await select.waitFor();
      const answer = await holdBack(page, '/circuits?');
      await page.getByRole('searchbox', { name: 'Find circuits' }).fill('mill');
      await select.click();
      await select.and(page.locator('[aria-busy]')).waitFor();
      answer();
      await page.getByRole('button', { name: 'Select the 1 that match' }).click();
      await page.getByText('1 circuit selected').waitFor();
    },
  );

  it('types on while the page follows', async () => {
    const page = await visitor.open(room.at('/fleet?view=table'));
    const box = page.getByRole('searchbox', { name: 'Find circuits' });
    // The second key comes right after the first was told, and before the address says it.
    await page.evaluate(`{
      const { setTimeout } = window;
      window.setTimeout = (act, ms) => setTimeout(() => {
        act();
        if (ms !== 250) return;
        window.setTimeout = setTimeout;
        document.execCommand('insertText', false, 'i');
      }, ms);
    }`);
    await box.fill('m');
    await page.waitForURL(/q=mi?$/);
    await box.press('End');
    await box.pressSequentially('ll');
    await page.waitForURL(/q=mill$/);
    expect(await box.inputValue()).toBe('mill');
  });

  it('decides over nobody who was quicker still', async () => {
    const page = await visitor.open(room.at('/runs'));
    // What others do is not heard of.
    await holdBack(page, '/events/stream');
    await page.goto(room.at(`/approvals/${request}`));
    await page.getByRole('button', { name: 'Select all 5' }).click();
    await page.getByText('5 selected').waitFor();
    await page.getByRole('searchbox', { name: 'Find models' }).fill('kiln');
    await page.getByRole('row', { name: /oven-1/ }).waitFor({ state: 'detached' });

    // What the filter hides is looked at anew.
    await votes('reject', 'oven-1:1', 'It is gone.');
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: /^Approve: / });
    const approve = dialog.getByRole('button', { name: /^Approve/ });
    await dialog.getByText('1 other one of your choice was decided meanwhile').waitFor();
    expect(await approve.textContent()).toBe('Approve 4 models');

    await dialog.getByRole('textbox').fill('As ever.');
    await page.mouse.click(5, 5);
    await votes('hold', 'kiln-1:1', 'Not before Monday.');
    await approve.click();
    await dialog.getByText('Somebody has said something meanwhile, and nothing is sent yet.').waitFor();
    await dialog.getByText(/ holds 1 model: Not before Monday\.$/).waitFor();
    expect(await dialog.getByRole('textbox').inputValue()).toBe('As ever.');
    expect(await dialog.getByRole('checkbox', { name: 'Also the one on hold' }).isChecked()).toBe(false);

    // What is being sent cannot be called off, and the dialog does not look as if.
    const answer = await holdBack(page, '/votes');
    await dialog.getByRole('button', { name: 'Approve 3 models' }).click();
    await approve.and(page.locator('[aria-busy]')).waitFor();
    await page.keyboard.press('Escape');
    expect(await approve.isVisible()).toBe(true);
    answer();
    await page.getByText('3 models approved.').waitFor();
    await dialog.waitFor({ state: 'detached' });
    const { items } = await room.get<{ items: { subject: string; verdict: string }[] }>(
      `/approvals/${request}/subjects`,
    );
    expect(Object.fromEntries(items.map((each) => [each.subject, each.verdict]))).toEqual({
      'kiln-1:1': 'hold',
      'kiln-2:1': 'approve',
      'mill-1:1': 'approve',
      'oven-1:1': 'reject',
      'oven-2:1': 'approve',
    });

    function votes(verdict: string, subject: string, comment: string): Promise<unknown> {
      return room.post(`/approvals/${request}/votes`, { verdict, subjects: [subject], comment });
    }
  });
});

/** Lets answers of this part of the API wait until the function is called that it gives. */
async function holdBack(page: Page, part: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(
    (url) => url.href.includes(`/api/v1`) && url.href.includes(part),
    async (route) => {
      await promise;
      await route.fallback();
    },
  );
  return resolve;
}
