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
    const project = TestProject.create({ circuits: ['kiln_1', 'kiln_2', 'mill_1'], environment: false });
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
    await page.getByText('3 selected').waitFor();
  });

  it('selects what the text matches that was typed just before, and not what is still shown', async () => {
    const page = await visitor.open(room.at(`/approvals/${request}`));
    await page.getByRole('button', { name: 'Select all 3' }).waitFor();
    const answer = await holdBack(page, '/subjects');
    await page.getByRole('searchbox', { name: 'Find models' }).fill('mill');
    await page.getByRole('button', { name: /^Select all/ }).click();
    await page.getByRole('button', { name: 'Select all that match' }).waitFor();
    expect(await page.getByText('none selected').isVisible()).toBe(true);
    answer();
    await page.getByText('1 selected').waitFor();
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
