import type { Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** A phone held upright. */
const NARROW = { viewport: { width: 375, height: 720 } } as const;

inBrowser('the models', (visitor) => {
  let room: ControlRoom;
  // Three versions of kiln-1, the first two promoted; kiln-2 has one; kiln-3's was not promoted.
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2', 'mill_3'],
      environment: false,
      settings: 'quality:\n  - mae <= 1000\n',
    });
    project.commit('first');
    await project.trained('--circuits', 'kiln_*');
    project.change('kiln_1', 0.2);
    project.commit('second');
    await project.trained('--circuits', 'kiln_1');
    project.change('kiln_1', 0.3);
    project.commit('third');
    // It stops at the gate and waits there.
    await project.trainyard(['run']);
    room = await ControlRoom.over(project);
  }, 120_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('are found by name and by how they stand, and every view is a link', async () => {
    const page = await visitor.open(room.at('/models'));
    await page
      .getByRole('row', { name: /^kiln-1 ahead of shared kiln_1 kiln Current v3.*Shared v2/ })
      .waitFor();
    await page.getByRole('row', { name: /^kiln-2 promoted/ }).waitFor();
    await page.getByRole('row', { name: /^mill-3 not promoted.*none$/ }).waitFor();
    await page.getByRole('searchbox', { name: 'Find models' }).fill('mill');
    await page.waitForURL(room.at('/models?q=mill'));
    await expect.poll(() => names(page), { timeout: 10_000 }).toEqual(['mill-3']);
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('State').selectOption('ahead of shared');
    await page.waitForURL(room.at('/models?standing=ahead'));
    await expect.poll(() => names(page), { timeout: 10_000 }).toEqual(['kiln-1']);
    await page.goto(room.at('/models'));
    await page.getByRole('link', { name: 'mill', exact: true }).click();
    await page.waitForURL(room.at('/models?plant=mill'));
    await expect.poll(() => names(page), { timeout: 10_000 }).toEqual(['mill-3']);
    await page.getByRole('button', { name: /^Plant mill/ }).click();
    await expect.poll(() => names(page), { timeout: 10_000 }).toHaveLength(3);
    await page.getByLabel('Made by').selectOption('rehearsals');
    await page.waitForURL(room.at('/models?rehearsal=true'));
    await page.getByText('No rehearsal registered a model.').waitFor();
    await page.getByLabel('Made by').selectOption('runs');
    await page.waitForURL(room.at('/models'));
    await page.getByRole('link', { name: 'mill-3', exact: true }).press('Enter');
    await page.getByRole('heading', { level: 1, name: /^mill-3/ }).waitFor();
  });

  it('show two versions beside each other with what may be the reason', async () => {
    const page = await visitor.open(room.at('/models/kiln-1'));
    await page.getByRole('checkbox', { name: 'Compare v3' }).check();
    await page.getByRole('status').getByText('v3 is chosen; choose one more').waitFor();
    await page.getByRole('checkbox', { name: 'Compare v1' }).check();
    await page.waitForURL(room.at('/models/kiln-1?compare=1%2C3'));
    const both = page.getByRole('region', { name: 'v1 and v3 compared' });
    const mae = both.getByRole('row', { name: /^mae/ });
    expect(await mae.textContent()).toMatch(/^mae[\d.]+[\d.]+([+−][\d.]+ (better|worse)|same)$/);
    await both.getByRole('row', { name: /^hyperparameters.lr 0.1 .*0.3$/ }).waitFor();
    await both.getByRole('row', { name: /^Commit [\da-f]{12} .*[\da-f]{12}$/ }).waitFor();
    await both.getByRole('row', { name: /^Component 1 both$/ }).waitFor();
    // A link to it shows the same to somebody else.
    const other = await visitor.open(room.at('/models/kiln-1?compare=3,1'));
    await other.getByRole('region', { name: 'v1 and v3 compared' }).getByText('hyperparameters.lr').waitFor();
    await other.getByRole('button', { name: 'Close the comparison' }).click();
    await other.waitForURL(room.at('/models/kiln-1'));
    // Two at once: the first is not in the address yet when the second is chosen.
    await other.getByRole('checkbox', { name: 'Compare v2' }).waitFor();
    await other.evaluate(`for (const v of ['v1', 'v2'])
      document.querySelector('input[aria-label="Compare ' + v + '"]').click()`);
    await other.waitForURL(room.at('/models/kiln-1?compare=1%2C2'));
  });

  it('are walked on the chart by keys, up to the page of a version', async () => {
    const page = await visitor.open(room.at('/models/kiln-1'));
    const chart = page.getByRole('application');
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(/^v1, promoted: mae/)
      .first()
      .waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(/^v3: mae/)
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(room.at('/models/kiln-1/3'));
    await page.getByRole('heading', { level: 1, name: /^kiln-1 v3/ }).waitFor();
  });

  it('tell where a version comes from and where it went, by links', async () => {
    const page = await visitor.open(room.at('/models/kiln-1/2'));
    const graph = page.getByRole('group', { name: 'Where kiln-1 v2 comes from' });
    await graph.getByRole('img', { name: /^Commit [\da-f]{12}$/ }).waitFor();
    await graph.getByRole('img', { name: 'Shared v2' }).waitFor();
    const links = await graph.getByRole('link').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(links).toEqual([
      '/fleet/kiln_1',
      '/runs/2',
      expect.stringMatching(/^\/jobs\/kiln_1_2026_03_31/),
      '/models/kiln-1/2',
      expect.stringMatching(/^\/approvals\/apr_/),
    ]);
    await page.getByText('In words').click();
    await page.getByRole('listitem').filter({ hasText: 'in the shared registry' }).waitFor();
    await graph.getByRole('link', { name: 'Run 2' }).press('Enter');
    await page.waitForURL(room.at('/runs/2'));
    await page.goBack();
    await graph.getByRole('link', { name: /^Promotion/ }).click();
    await page.waitForURL(/\/approvals\/apr_/);
  });

  it('hand out their files, one by one and together', async () => {
    const page = await visitor.open(room.at('/models/kiln-1/2'));
    const [one] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('table', { name: 'Files' }).getByRole('link').first().click(),
    ]);
    expect((await readFile(await one.path())).length).toBeGreaterThan(0);
    const [all] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as a zip' }).click(),
    ]);
    expect(all.suggestedFilename()).toBe('kiln-1-2.zip');
    expect((await readFile(await all.path())).subarray(0, 2).toString()).toBe('PK');
  });

  it.each(['/models', '/models/kiln-1?compare=1,3', '/models/kiln-1/2'])(
    'can be used by everybody, in the dark and on a phone: %s',
    async (path) => {
      for (const context of [{ colorScheme: 'dark' }, NARROW] as const) {
        const page = await visitor.open(room.at(path), { context });
        await page
          .getByText(/kiln-1/)
          .first()
          .waitFor();
        await page.getByText('Loading').waitFor({ state: 'detached' });
        expect(await axeProblems(page)).toEqual([]);
        const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(wider).toBeLessThanOrEqual(0);
      }
    },
  );

  it('say what is not there, and what is instead', async () => {
    const page = await visitor.open(room.at('/models/kiln-9'), { expects: [/404/] });
    await page.getByRole('alert').getByText('The dev registry has no model kiln-9.').waitFor();
    await page.goto(room.at('/models/kiln-1/99'));
    await page.getByRole('alert').getByText('The dev registry has no kiln-1:99.').waitFor();
  });

  // Last, as the others know of none that is withdrawn.
  it('are withdrawn with a reason, and every window hears of it', async () => {
    const list = await visitor.open(room.at('/models'));
    await list.getByRole('row', { name: /^kiln-1 ahead/ }).waitFor();
    const page = await visitor.open(room.at('/models/kiln-1/3'));
    await page.getByRole('button', { name: 'Withdraw' }).click();
    const dialog = page.getByRole('dialog', { name: 'Withdraw kiln-1 v3?' });
    await dialog.getByText('It is the good model of kiln_1').waitFor();
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    // Not without a reason: the dialog is still there.
    await dialog.getByLabel('Reason').fill('The kiln was cold.');
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('kiln-1 v3 is withdrawn.').waitFor();
    await page.getByText('The kiln was cold.').waitFor();
    expect(await page.getByRole('button', { name: 'Withdraw' }).count()).toBe(0);
    await list.getByRole('row', { name: /^kiln-1 promoted.*Current v2/ }).waitFor();
  });
});

/** Models in the table, from top to bottom. */
async function names(page: Page): Promise<string[]> {
  const rows = page.getByRole('table', { name: 'Models' }).getByRole('row');
  return (await rows.locator('.row-link').allTextContents()).toSorted();
}
