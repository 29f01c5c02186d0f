import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRequest } from '../helpers/rows.ts';
import { NOBODY_SERVES, inBrowser, lineIs } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station } from './line.ts';

inBrowser('two people at two windows', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({ circuits: ['kiln_1', 'kiln_2'], environment: false });
    await room.run();
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('see each other’s verdicts, and what happened while the server was away', async () => {
    const visit = { expects: NOBODY_SERVES };
    const first = await visitor.open(room.at('/runs/1'), visit);
    await station(first, 'PromoteModels', 'waiting').waitFor();
    const id = await openRequest(room.project, 'registry-promotion');
    await first.goto(room.at(`/approvals/${id}`));
    const second = await visitor.open(room.at(`/approvals/${id}`), visit);
    await second.getByRole('row', { name: /kiln-1:1.*open/ }).waitFor();

    await first.getByRole('checkbox', { name: 'Select kiln-1:1' }).check();
    await first.getByRole('button', { name: 'Approve', exact: true }).click();
    await first.getByRole('dialog').getByRole('button', { name: 'Approve 1 model' }).click();
    await second.getByRole('row', { name: /kiln-1:1.*approved/ }).waitFor();
    await second.getByRole('row', { name: /kiln-2:1.*open/ }).waitFor();

    await room.stop();
    for (const page of [first, second]) await lineIs(page, 'No connection').waitFor();
    await room.project.ok(['reject', id, '--comment', 'Not this one.']);
    await room.start();
    for (const page of [first, second]) {
      await lineIs(page, 'Live').waitFor();
      await page.getByRole('row', { name: /kiln-2:1.*rejected/ }).waitFor();
    }
    expect(await first.getByRole('button', { name: 'Approve', exact: true }).isDisabled()).toBe(true);
  });

  it('are ten, of one browser, and hear of everything in each of them', async () => {
    const first = await visitor.open(room.at('/runs'));
    const windows = [first];
    for (let i = 1; i < 10; i++) {
      const next = await first.context().newPage();
      await next.goto(room.at('/runs'));
      await next.getByRole('row', { name: /^1 / }).waitFor();
      windows.push(next);
    }
    for (const page of windows) await lineIs(page, 'Live').waitFor();
    room.project.change('kiln_1', 0.2);
    await room.run();
    for (const page of windows) await page.getByRole('row', { name: /^2 .*waiting/ }).waitFor();
    // Whichever has the line is closed: another one takes it.
    await windows.pop()?.close();
    room.project.change('kiln_2', 0.2);
    await room.run();
    for (const page of windows) await page.getByRole('row', { name: /^3 .*waiting/ }).waitFor();
  });
});
