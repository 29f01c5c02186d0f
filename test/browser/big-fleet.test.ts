import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** Forty plants of 250 circuits; of the first plant forty have a model. */
const PLANTS = Array.from({ length: 40 }, (_, i) => `p${String(i).padStart(2, '0')}`);
const CIRCUITS = PLANTS.flatMap((plant) =>
  Array.from({ length: 250 }, (_, i) => `${plant}_${String(i).padStart(3, '0')}`),
);
const TRAINED = CIRCUITS.slice(0, 40);

interface PlannedCircuits {
  readonly items: readonly { readonly id: string; readonly action: string }[];
  readonly next: string | null;
}

inBrowser('a fleet of 10,000 circuits', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({ circuits: CIRCUITS, environment: false });
    await room.run(TRAINED, ['all']);
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('is seen at once, and what was filtered is exactly what is planned', async () => {
    const page = await visitor.open(room.at('/fleet'));
    const states = page.getByRole('group', { name: 'Circuits by state' });
    await page.getByRole('listbox', { name: 'Circuits, 10,000' }).waitFor();
    await states.getByRole('button', { name: /^40.*good$/ }).waitFor();
    await page.getByRole('combobox', { name: 'Plant' }).selectOption('p00');
    await states.getByRole('button', { name: /^210.*new$/ }).click();
    await page.getByRole('searchbox', { name: 'Find circuits' }).fill('_1');
    await page.getByRole('button', { name: 'Select the 100 that match' }).click();
    await page.getByRole('button', { name: 'Plan their training' }).click();
    await page.getByRole('heading', { level: 1, name: '100 to train, 9,900 to keep' }).waitFor();

    const plan = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const planned: string[] = [];
    for (let cursor = ''; ;) {
      const from = cursor === '' ? '' : `&cursor=${cursor}`;
      const { items, next } = await room.get<PlannedCircuits>(
        `/plans/${plan}/circuits?action=train&limit=60${from}`,
      );
      planned.push(...items.map(({ id }) => id));
      if (next === null) break;
      cursor = next;
    }
    expect(planned.toSorted()).toEqual(CIRCUITS.filter((id) => id.startsWith('p00_1')));
  });

  it('is a table that goes to its last row, and every view of it is an address', async () => {
    const page = await visitor.open(room.at('/fleet'));
    const rows = page.getByRole('table', { name: 'Circuits' });
    await page.getByRole('button', { name: 'Table' }).click();
    await rows.getByRole('link', { name: 'p00_000' }).waitFor();
    await page.getByRole('button', { name: /^Circuit/ }).click();
    await rows.getByRole('link', { name: 'p39_249' }).waitFor();
    // Only what is in sight is in the document.
    expect(await rows.getByRole('row').count()).toBeLessThan(80);
    await page.getByRole('combobox', { name: 'Plant' }).selectOption('p07');
    await rows.getByRole('link', { name: 'p07_249' }).waitFor();
    const view = page.url();
    expect(new URL(view).search).toBe('?view=table&sort=-id&plant=p07');

    await page.reload();
    await rows.getByRole('link', { name: 'p07_249' }).waitFor();
    expect(await page.getByRole('combobox', { name: 'Plant' }).inputValue()).toBe('p07');
    await rows.getByRole('link', { name: 'p07_248' }).click();
    await page.getByRole('heading', { level: 1, name: /^p07_248/ }).waitFor();
    await page.goBack();
    await rows.getByRole('link', { name: 'p07_249' }).waitFor();
    expect(page.url()).toBe(view);
    // Whoever holds Ctrl gets a tab of its own.
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      rows.getByRole('link', { name: 'p07_248' }).click({ modifiers: ['Control'] }),
    ]);
    await tab.waitForURL(room.at('/fleet/p07_248'));
    await tab.close();
    expect(page.url()).toBe(view);

    // To the last row, page by page, as it is scrolled.
    const last = rows.getByRole('link', { name: 'p07_000' });
    await rows.hover();
    await scrollTo(page, last, 2000);
  });

  it('is walked through by keys on the board', async () => {
    const page = await visitor.open(room.at('/fleet'));
    const board = page.getByRole('listbox');
    await board.waitFor();
    await board.focus();
    await page.keyboard.press('End');
    await board.getByRole('option', { name: 'p39 249, new' }).waitFor();
    // That is the browser's: it goes back.
    await page.keyboard.press('Alt+ArrowLeft');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowLeft');
    await page.getByText('2 circuits selected').waitFor();
    // Whatever goes before it, it is the same circuit that the keys act on.
    await page.getByRole('combobox', { name: 'Plant' }).selectOption('p39');
    await page.getByRole('listbox', { name: 'Circuits, 250' }).focus();
    await board.getByRole('option', { name: 'p39 248, new' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /^p39_248/ }).waitFor();
    await page.goBack();
    await page.getByText('2 circuits selected').waitFor();
  });

  it('has runs whose jobs are walked through by keys, each kept while others come and go', async () => {
    const page = await visitor.open(room.at('/runs/1'));
    const board = page.getByRole('application', { name: /^Jobs: 40 tiles/ });
    await board.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    const chosen = page.getByRole('strong').filter({ hasText: 'p00_039' });
    await chosen.waitFor();
    await page.getByRole('searchbox', { name: 'Find circuits' }).fill('p00_03');
    await page.getByRole('application', { name: /^Jobs: 10 tiles/ }).focus();
    await page.keyboard.press('Alt+ArrowLeft');
    await chosen.waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /p00_039/ }).waitFor();
  });

  it('selects nothing by a search that failed, and searches for no blanks', async () => {
    const page = await visitor.open(room.at('/fleet'), { expects: [/500/] });
    const box = page.getByRole('searchbox', { name: 'Find circuits' });
    const select = page.getByRole('button', { name: /^Select / });
    const asked: (string | null)[] = [];
    let broken = true;
    await page.route(/\/circuits\?/, (route) => {
      asked.push(new URL(route.request().url()).searchParams.get('q'));
      return broken ? route.fulfill({ status: 500 }) : route.continue();
    });
    await select.waitFor();
    await box.fill(' ');
    await box.press('Enter');
    await box.fill('p00_1 ');
    await box.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await select.count()).toBe(0);
    broken = false;
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Select the 100 that match' }).waitFor();
    expect(new Set(asked)).toEqual(new Set(['p00_1']));
    // What is typed and called off at once is gone from the box, and can be typed again.
    await box.fill('p01_1');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByRole('button', { name: 'Select all 10,000' }).waitFor();
    await expect.poll(() => box.inputValue(), { timeout: 30_000 }).toBe('');
    await box.fill('p01_1');
    await page.getByRole('button', { name: 'Select the 100 that match' }).waitFor();
  });

  it('leaves whoever went elsewhere where they are, once a plan is made', async () => {
    const page = await visitor.open(room.at('/fleet?q=p00_10'));
    const been: string[] = [];
    page.on('framenavigated', (frame) => been.push(new URL(frame.url()).pathname));
    const gate = Promise.withResolvers<undefined>();
    await page.route(/\/plans$/, async (route) => {
      await gate.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Select the 10 that match' }).click();
    const made = page.waitForResponse(/\/plans$/);
    await page.getByRole('button', { name: 'Plan their training' }).click();
    await page.getByRole('link', { name: 'Approvals' }).click();
    await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
    gate.resolve(undefined);
    await (await made).finished();
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('row').nth(1).waitFor();
    expect(been.filter((path) => path.startsWith('/plan'))).toEqual([]);
  });

  // Last, as it trains one.
  it('is scrolled while it is read anew, and neither is lost', async () => {
    const page = await visitor.open(room.at('/fleet?view=table'));
    const rows = page.getByRole('table', { name: 'Circuits' });
    await rows.getByRole('link', { name: 'p00_000' }).waitFor();
    const gate = Promise.withResolvers<undefined>();
    await page.route(/\/circuits\?(?!.*cursor)/, async (route) => {
      await gate.promise;
      await route.continue();
    });
    const anew = page.waitForRequest(/\/circuits\?(?!.*cursor)/);
    await room.run(['p05_000'], ['all']);
    const request = await anew;
    const hundredth = rows.getByRole('link', { name: 'p00_099' });
    await rows.hover();
    await scrollTo(page, hundredth, 500);
    gate.resolve(undefined);
    expect((await request.response())?.status()).toBe(200);
    const next = rows.getByRole('link', { name: 'p00_110' });
    await scrollTo(page, next, 500);
  });
});

/** By the wheel, however long the pages take that come on the way; the limit of the test ends it. */
async function scrollTo(page: Page, wanted: Locator, step_px: number): Promise<void> {
  while (!(await wanted.isVisible())) {
    await page.mouse.wheel(0, step_px);
    await page.waitForTimeout(50);
  }
}
