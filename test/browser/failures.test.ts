import { afterAll, beforeAll, expect, it } from 'vitest';
import { takenOver } from '../helpers/ledger.ts';
import { TestProject } from '../helpers/project.ts';
import { jobStatuses, sharedModels } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station } from './line.ts';

const BY_CODE = "KeyError: 'flow_temperature'";
const BY_MEMORY = 'CUDA out of memory';

inBrowser('a circuit that failed', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1', 'kiln_2', 'kiln_3', 'mill_1'] });
    const fails = [`kiln_2:1=${BY_CODE}`, `kiln_3:1=${BY_CODE}`, `mill_1=${BY_MEMORY}`];
    project.edit('trainyard.yaml', 'speed: 100000', `speed: 100000, fail: ${JSON.stringify(fails)}`);
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('is understood by its cause, retried, and what stays broken is gone on without', async () => {
    await room.run([], ['registry-promotion']);
    const page = await visitor.open(room.at('/runs/1'));
    await station(page, 'RetryFailedTraining', 'waiting').waitFor();

    await page.getByRole('tab', { name: 'Failures 3' }).click();
    await page.getByText('3 circuits failed, of 2 causes.').waitFor();
    const byCode = page.getByRole('region', { name: BY_CODE });
    const byMemory = page.getByRole('region', { name: BY_MEMORY });
    await byMemory.getByText(BY_MEMORY).first().waitFor();
    expect(
      await byCode.getByRole('list', { name: 'Circuits' }).getByRole('listitem').allTextContents(),
    ).toEqual(['kiln_2', 'kiln_3']);
    expect(await byCode.locator('pre').textContent()).toContain(BY_CODE);

    // The whole log is a click away, and so is the way back.
    await byCode.getByRole('link', { name: 'kiln_2' }).click();
    await page.getByRole('heading', { level: 1, name: /kiln_2\s*failed/ }).waitFor();
    await page.getByRole('log').getByText('model.fit(features, target)').waitFor();
    await page.goBack();

    await byCode.getByRole('button', { name: 'Retry 2' }).click();
    const again = page.getByRole('dialog', { name: 'Train 2 circuits again?' });
    await again.getByRole('textbox').fill('The sensor is back.');
    await again.getByRole('button', { name: 'Retry 2' }).click();
    await page.getByText('2 circuits are trained again.').waitFor();
    await page.getByRole('tab', { name: 'Failures 1' }).waitFor();

    // The other one is decided in the inbox.
    await page.getByRole('link', { name: /^Approvals/ }).click();
    await page.getByRole('table', { name: 'Requests for approval' }).getByRole('link').first().click();
    const cause = page.getByRole('article', { name: new RegExp(BY_MEMORY) });
    await cause.getByRole('button', { name: 'Do not retry' }).click();
    const no = page.getByRole('dialog');
    await no.getByRole('textbox').fill('Its machine is too small.');
    await no.getByRole('button', { name: 'Reject 1 circuit' }).click();
    await page.getByText('1 circuit rejected.').waitFor();
    await page.getByRole('link', { name: 'Run 1' }).click();

    await page.getByRole('button', { name: 'Accept partial' }).click();
    const partial = page.getByRole('dialog', { name: 'Go on without what failed?' });
    await partial.getByRole('button', { name: 'Accept partial' }).click();
    await page.getByText('Partial success was accepted by tester.').waitFor();
    await station(page, 'PromoteModels', 'succeeded').waitFor();

    expect(await sharedModels(room.project)).toEqual(['kiln-1', 'kiln-2', 'kiln-3']);
    expect(await jobStatuses(room.project)).toMatchObject({ kiln_2: 'succeeded', mill_1: 'failed' });
    // The provider kept its own books: what failed was taken over twice, nothing else was.
    expect(takenOver(room.project.state)).toEqual({ kiln_1: 1, kiln_2: 2, kiln_3: 2, mill_1: 1 });
  });
});
