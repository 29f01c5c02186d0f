import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { holdBack } from './hold-back.ts';
import { station } from './line.ts';

const BY_CODE = "KeyError: 'flow_temperature'";
const BY_MEMORY = 'CUDA out of memory';
const BY_DATA = 'ValueError: no rows left';
const BY_DISK = 'OSError: [Errno 28] No space left on device';

const RETRY = 'training-retry';

inBrowser('somebody who retries while others decide', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const mills = ['mill_1', 'mill_2', 'mill_3'];
    const kilns = ['kiln_1', 'kiln_2'];
    const project = TestProject.create({
      circuits: ['dryer_1', ...mills, ...kilns, 'oven_1', 'press_1'],
      environment: false,
    });
    const fails = [
      ...mills.map((id) => `${id}:1=${BY_MEMORY}`),
      ...kilns.map((id) => `${id}:1=${BY_CODE}`),
      `oven_1=${BY_DATA}`,
      `press_1=${BY_DISK}`,
    ];
    project.edit('trainyard.yaml', 'speed: 100000', `speed: 100000, fail: ${JSON.stringify(fails)}`);
    room = await ControlRoom.over(project);
    await room.run([], ['registry-promotion']);
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('retries what is shown, however the causes are numbered by then, and is told what became impossible', async () => {
    const page = await visitor.open(room.at('/runs/1?tab=failures'));
    await station(page, 'RetryFailedTraining', 'waiting').waitFor();
    const request = await openRequest(room.project, RETRY);
    await room.post(`/approvals/${request}/votes`, { verdict: 'reject', subjects: ['mill_3'] });
    // What was decided on is not among what is retried.
    await page.getByText('6 circuits can be trained again now.').waitFor();
    await page.getByRole('button', { name: 'Retry failed' }).click();
    const all = page.getByRole('dialog');
    await all.getByText(/^6 circuits will be trained again/).waitFor();
    await all.getByRole('button', { name: 'Back' }).click();

    await page.getByRole('region', { name: BY_CODE }).getByRole('button', { name: 'Retry 2' }).click();
    const code = page.getByRole('dialog', { name: 'Train 2 circuits again?' });
    await code.getByRole('textbox').fill('The sensor is back.');
    // Two of the largest cause are mended meanwhile, and this one becomes the largest.
    await room.post('/runs/1/retry', { circuits: ['mill_1', 'mill_2'] });
    await page.getByText('5 circuits failed, of 4 causes.').waitFor();
    expect(await code.getByText(BY_CODE).first().isVisible()).toBe(true);
    const answer = await holdBack(page, '/runs/1/retry');
    const asked = page.waitForRequest((each) => each.url().endsWith('/runs/1/retry'));
    await code.getByRole('button', { name: 'Retry 2' }).click();
    expect((await asked).postDataJSON()).toEqual({
      circuits: ['kiln_1', 'kiln_2'],
      comment: 'The sensor is back.',
    });
    // What is on its way is not called off by looking away.
    const back = code.getByRole('button', { name: 'Back' });
    await expect.poll(async () => back.isDisabled(), { timeout: 30_000 }).toBe(true);
    await page.keyboard.press('Escape');
    expect(await back.isVisible()).toBe(true);
    answer();
    await page.getByText('2 circuits are trained again.').waitFor();
    await page.getByText('3 circuits failed, of 3 causes.').waitFor();

    // The request goes on about another one.
    const byData = page.getByRole('region', { name: BY_DATA }).getByRole('button', { name: 'Retry 1' });
    await byData.click();
    const data = page.getByRole('dialog', { name: 'Train 1 circuit again?' });
    await data.getByRole('textbox').fill('There are rows again.');
    await room.post(`/approvals/${request}/votes`, { verdict: 'reject', subjects: ['oven_1'] });
    await data.getByText('This is not possible any more: it changed meanwhile.').waitFor();
    expect(await data.getByRole('textbox').inputValue()).toBe('There are rows again.');
    await data.getByRole('button', { name: 'Back' }).click();
    await data.waitFor({ state: 'detached' });
    expect(await byData.count()).toBe(0);
  });
});

inBrowser('a retry that takes two people', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1'],
      environment: false,
      settings: `gates: {${RETRY}: {required: 2}}\n`,
    });
    project.edit('trainyard.yaml', 'speed: 100000', 'speed: 100000, fail: ["kiln_1"]');
    room = await ControlRoom.over(project);
    await room.run();
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('is not begun by the first yes, and of nothing that succeeded no part is accepted', async () => {
    const page = await visitor.open(room.at('/runs/1'));
    await station(page, 'RetryFailedTraining', 'waiting').waitFor();
    await page.getByRole('button', { name: 'Retry failed' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry failed' }).click();
    await page.getByText('Your approval is counted. What 2 people approve is trained again.').waitFor();
    const request = await openRequest(room.project, RETRY);
    await room.post(`/approvals/${request}/votes`, { verdict: 'reject' });
    await page.getByRole('heading', { level: 1, name: /Run 1\s*failed/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Accept partial' }).count()).toBe(0);
  });
});
