import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

inBrowser('the frame around the pages', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({ circuits: ['kiln_1', 'kiln_2'] });
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('opens', async () => {
    const page = await visitor.open(room.at('/'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Live').waitFor();
    expect(await axeProblems(page)).toEqual([]);
  });

  it.each([
    ['/runs', 'No run yet.', 'Plan the first'],
    ['/models', 'No model yet.', 'Plan a training'],
    ['/activity', 'Nothing happened yet.', null],
    ['/activity?tab=audit', 'Nobody changed anything yet.', null],
  ])(
    'says at %s of a new project what to do next, and of no filter where there is none',
    async (at, says, next) => {
      const page = await visitor.open(room.at(at));
      await page.getByText(says).waitFor();
      expect(await page.getByText('Take a filter away').count()).toBe(0);
      if (next === null) return;
      await page.getByRole('link', { name: next }).click();
      await page.getByRole('heading', { level: 1, name: 'Plan' }).waitFor();
    },
  );

  it('shows what an address filters by, also where that is no choice, and takes it away', async () => {
    const page = await visitor.open(room.at('/activity?type=component.*'));
    await page.getByText('Nothing happened that is like this.').waitFor();
    const about = page.getByRole('combobox', { name: 'About' });
    expect(await about.inputValue()).toBe('component.*');
    await about.selectOption('all');
    await page.getByText('Nothing happened yet.').waitFor();
  });

  // Last, as the project is new no more.
  it('follows what goes on record', async () => {
    const page = await visitor.open(room.at('/activity?tab=audit'));
    await page.getByText('Nobody changed anything yet.').waitFor();
    await page.getByText('Live').waitFor();
    await room.run();
    await page.getByRole('row').filter({ hasText: 'run.' }).first().waitFor();
  });

  it('keeps what is looked at in its place while more comes before it', async () => {
    const page = await visitor.open(room.at('/activity'), {
      context: { viewport: { width: 1280, height: 480 } },
    });
    await page.getByText('Live').waitFor();
    await page.getByRole('row').nth(5).waitFor();
    const scroller = page.locator('[data-scroller]');
    const scrolled = (): Promise<number> => scroller.evaluate((each) => each.scrollTop);
    // As soon as there is more than the window holds.
    const toTheEnd = async (): Promise<number> => {
      await scroller.evaluate((each) => each.scrollTo(0, each.scrollHeight));
      return scrolled();
    };
    await expect.poll(toTheEnd, { timeout: 30_000 }).toBeGreaterThan(0);
    const { items } = await room.get<{ items: { message: string }[] }>('/events?limit=100');
    const oldest = page.getByRole('button', { name: items.at(-1)?.message ?? '', exact: true });
    await oldest.waitFor();
    const [top, place] = [await scrolled(), await oldest.boundingBox()];
    await room.run();
    await expect.poll(scrolled, { timeout: 30_000 }).toBeGreaterThan(top);
    expect(await oldest.boundingBox()).toEqual(place);
  });
});
