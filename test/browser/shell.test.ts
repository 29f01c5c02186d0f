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
});
