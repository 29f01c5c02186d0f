import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { sharedModels } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station } from './line.ts';

const HAS_FOCUS = '(element) => element === document.activeElement';

inBrowser('a model that may be promoted', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1', 'kiln_2', 'kiln_3'] });
    await project.trained();
    project.change('kiln_1', 0.2);
    project.change('kiln_2', 0.2);
    room = await ControlRoom.over(project);
    await room.run();
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('is compared with the one in use and decided on, by keys alone', async () => {
    const page = await visitor.open(room.at('/runs/2'));
    await station(page, 'PromoteModels', 'waiting').waitFor();
    const { keyboard } = page;
    await page.goto(room.at('/approvals'));
    const request = page.getByRole('link', { name: 'Promote 2 models' });
    await request.waitFor();
    await tabTo(request);
    await keyboard.press('Enter');

    await page.getByRole('row', { name: /kiln-1:2/ }).waitFor();
    await keyboard.press('j');
    expect(await page.getByRole('checkbox', { name: 'Select kiln-1:2' }).evaluate(HAS_FOCUS)).toBe(true);
    const side = page.getByRole('complementary', { name: 'The current row' });
    const mae = side.getByRole('row', { name: /^mae/ });
    expect(await mae.textContent()).toMatch(/^mae\d+\.\d+\d+\.\d+[+−]\d+\.\d+ (better|worse|more|less)?/);

    // One is held, with the reason.
    await keyboard.press('h');
    const hold = page.getByRole('dialog', { name: 'Hold: Promote 2 models' });
    await hold.getByText('kiln-1:2').waitFor();
    await tabTo(hold.getByRole('textbox'));
    await keyboard.type('After the holidays.');
    await tabTo(hold.getByRole('button', { name: 'Hold 1 model' }));
    await keyboard.press('Enter');
    await page.getByRole('row', { name: /kiln-1:2.*held/ }).waitFor();

    // The other one goes.
    await keyboard.press('j');
    await keyboard.press('a');
    const approve = page.getByRole('dialog', { name: 'Approve: Promote 2 models' });
    await approve.getByText('kiln-2:2').waitFor();
    await tabTo(approve.getByRole('button', { name: 'Approve 1 model' }));
    await keyboard.press('Enter');
    await page.getByRole('row', { name: /kiln-2:2.*approved/ }).waitFor();

    await tabTo(page.getByRole('tab', { name: /^Models/ }));
    await keyboard.press('ArrowRight');
    await keyboard.press('Enter');
    await page.getByText('After the holidays.').waitFor();
    await tabTo(page.getByRole('link', { name: 'Run 2' }));
    await keyboard.press('Enter');
    await station(page, 'PromoteModels', 'succeeded').waitFor();
    expect(await sharedModels(room.project)).toEqual(['kiln-1', 'kiln-2', 'kiln-2', 'kiln-3']);

    /** With Tab alone, as somebody without a mouse gets there. */
    async function tabTo(wanted: Locator): Promise<void> {
      await wanted.waitFor();
      for (let i = 0; i < 60; i++) {
        if (await wanted.evaluate(HAS_FOCUS)) return;
        await keyboard.press('Tab');
      }
      throw new Error(`Tab never came to ${wanted.toString()}.`);
    }
  });
});
