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

  // Last, as the project is new no more.
  it('follows what goes on record', async () => {
    const page = await visitor.open(room.at('/activity?tab=audit'));
    await page.getByText('Nobody changed anything yet.').waitFor();
    await page.getByText('Live').waitFor();
    await room.run();
    await page.getByRole('row').filter({ hasText: 'run.' }).first().waitFor();
  });
});
