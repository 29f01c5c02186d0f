import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { jobStatuses, sharedModels } from '../helpers/rows.ts';
import { startsOf } from '../helpers/starts.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station, watchLine } from './line.ts';

inBrowser('the quickstart fleet, trained from the browser', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.empty();
    await project.ok(['init', '.']);
    // They train once somebody has seen it: the eight take hardly longer than a page takes to follow.
    const file = 'components/src/train.py';
    const hold = `import os, time\nwhile not os.path.exists(${JSON.stringify(project.path('go'))}):\n    time.sleep(0.02)\n`;
    project.write(file, project.read(file).replace('import argparse\n', `${hold}import argparse\n`));
    project.commit('Eight weather forecasters');
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('says why, plans, trains before one’s eyes, and is good at the end', async () => {
    const page = await visitor.open(room.at('/fleet?view=table'), { patience_ms: 60_000 });
    const fleet = page.getByRole('table', { name: 'Circuits' });
    await fleet.getByRole('row', { name: /seattle_temp_max new no model yet/ }).waitFor();
    await page.evaluate('window.loadedOnce = true');

    await page.getByRole('button', { name: 'Select all 8' }).click();
    await page.getByRole('button', { name: 'Plan their training' }).click();
    await page.getByRole('heading', { level: 1, name: '8 to train' }).waitFor();
    await page.getByRole('button', { name: 'Seal and run' }).click();
    const ask = page.getByRole('dialog', { name: 'Train 8 circuits' });
    await ask.getByRole('checkbox', { name: /registry-promotion/ }).check();
    const moves = await watchLine(page);
    await ask.getByRole('button', { name: 'Train 8' }).click();
    await page.waitForURL('**/runs/1');
    await station(page, 'MonitorTraining', 'running').waitFor();
    room.project.write('go', '');
    await station(page, 'MonitorTraining', 'succeeded').waitFor();
    await station(page, 'PromoteModels', 'succeeded').waitFor();
    const seen = await moves();
    expect(seen.filter((move) => move.startsWith('MonitorTraining'))).toContain('MonitorTraining running');
    await page.getByRole('heading', { level: 1, name: /Run 1.*succeeded/ }).waitFor();
    expect(await sharedModels(room.project)).toHaveLength(8);

    await page.getByRole('link', { name: 'Fleet', exact: true }).click();
    const all = page.getByRole('group', { name: 'Circuits by state' });
    await all.getByRole('button', { name: /^8.*good$/ }).waitFor();
    // Nobody loaded the page again: all of it came by itself.
    expect(await page.evaluate('window.loadedOnce')).toBe(true);
  });

  it('finds the one circuit whose setting changed, says which, and trains that one', async () => {
    room.project.edit(
      'config/circuits.yaml',
      'features: [wind]\n    hyperparameters: {lags: 7,',
      'features: [wind]\n    hyperparameters: {lags: 14,',
    );
    const page = await visitor.open(room.at('/fleet?view=table'), { patience_ms: 60_000 });
    await page.getByRole('button', { name: /^1.*stale$/ }).click();
    await page.getByText('hyperparameters.lags 7 → 14').first().waitFor();
    await page.getByRole('link', { name: 'seattle_wind' }).click();
    await page.getByRole('heading', { level: 1, name: 'seattle_wind stale' }).waitFor();
    await page.getByRole('link', { name: 'Plan', exact: true }).click();
    await page.getByRole('button', { name: 'Make the plan' }).click();
    await page.getByRole('heading', { level: 1, name: '1 to train, 7 to keep' }).waitFor();
    await page.getByRole('button', { name: 'Seal and run' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Train 1' }).click();
    await station(page, 'PromoteModels', 'waiting').waitFor();
    await page.getByRole('link', { name: 'Look and decide' }).click();
    await page.getByRole('checkbox', { name: /Select seattle-wind/ }).check();
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve 1 model' }).click();
    await page.getByText('1 model approved.').waitFor();
    await page.getByRole('link', { name: 'Run 2' }).click();
    await page.getByRole('heading', { level: 1, name: /Run 2.*succeeded/ }).waitFor();
    expect(Object.values(startsOf(room.project.state))).toEqual(Array(9).fill(1));
    expect(await jobStatuses(room.project)).toMatchObject({ seattle_wind: 'succeeded' });
  });
});
