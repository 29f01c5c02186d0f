import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { until } from '../helpers/until.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { holdBack } from './hold-back.ts';

interface Plan {
  readonly plan_id: string;
}

interface Preview {
  readonly report: { readonly removed: { readonly logs: { readonly count: number } } };
}

inBrowser('what nobody trains or keeps', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2', 'kiln_3'],
      settings: 'retention: {logs: 1s}\n',
    });
    room = await ControlRoom.over(await project.trained());
  }, 120_000);
  afterAll(async () => room[Symbol.asyncDispose]());

  it('is accepted of one circuit with a reason, and counts as good from then on', async () => {
    room.project.change('kiln_1', 0.2);
    const page = await visitor.open(room.at('/fleet/kiln_1'), { patience_ms: 60_000 });
    await page.getByRole('button', { name: 'Accept its model' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Let kiln-1 v1 stand for the changed settings?').waitFor();
    await dialog.getByLabel('Reason').fill('only rounded');
    expect(await axeProblems(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Accept its model' }).click();
    await page.getByText('kiln-1 v1 stands for what kiln_1 wants.').waitFor();
    await page.getByText(/was accepted for these settings by tester: only rounded/).waitFor();
    await expect(page.getByRole('button', { name: 'Accept its model' }).count()).resolves.toBe(0);
  });

  it('is accepted of all circuits that a plan names for one cause', async () => {
    for (const circuit of ['kiln_2', 'kiln_3']) room.project.change(circuit, 0.4);
    const { plan_id } = await room.post<{ plan_id: string }>('/plans', {});
    const page = await visitor.open(room.at(`/plan/${plan_id}`), { patience_ms: 60_000 });
    const group = page
      .getByRole('row')
      .filter({ hasText: /hyperparameters.*0\.4/ })
      .first();
    await group.getByRole('button', { name: 'Accept' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Let the models of 2 circuits stand?').waitFor();
    await dialog.getByLabel('Reason').fill('only rounded');
    expect(await axeProblems(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Accept' }).click();
    await page.getByText('2 models accepted. A new plan leaves those circuits alone.').waitFor();
    const plan = await room.post<{ summary: { train: number } }>('/plans', {});
    expect(plan.summary.train).toBe(0);
  });

  it('is planned anew where something moved, also where that comes to the same plan', async () => {
    room.project.change('kiln_1', 0.5);
    const { plan_id } = await room.post<Plan>('/plans', {});
    const page = await visitor.open(room.at(`/plan/${plan_id}`), {
      patience_ms: 60_000,
      expects: [/409 .*run/],
    });
    const seal = page.getByRole('button', { name: 'Seal and run' });
    await seal.waitFor();
    room.project.edit('trainyard.yaml', 'logs: 1s', 'logs: 2s');
    await seal.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Train 1' }).click();
    const moved = page.getByText('This plan does not hold any more; nothing was trained');
    await moved.waitFor();
    expect(await seal.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Plan anew with the same options' }).click();
    await moved.waitFor({ state: 'detached' });
    expect(page.url()).toBe(room.at(`/plan/${plan_id}`));
    // What is ticked is for one plan, and not for the one that Back leads to.
    await page.getByRole('button', { name: 'Plan anew' }).click();
    await page
      .getByRole('dialog')
      .getByRole('checkbox', { name: /without the retry gate/ })
      .check();
    await page.getByRole('dialog').getByRole('button', { name: 'Make the plan' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(plan_id));
    await seal.click();
    await page.getByRole('checkbox', { name: /pull-request/ }).check();
    await page.getByRole('dialog').getByRole('button', { name: 'Back' }).click();
    await page.goBack();
    await page.waitForURL(room.at(`/plan/${plan_id}`));
    await seal.click();
    expect(await page.getByRole('checkbox', { name: /pull-request/ }).isChecked()).toBe(false);
  });

  it('leads nobody away who went on while it was planned, and stays when it cannot be fetched again', async () => {
    const page = await visitor.open(room.at('/fleet/kiln_2'), {
      patience_ms: 60_000,
      expects: [/500/],
    });
    const answer = await holdBack(page, '/plans');
    await page.getByRole('button', { name: 'Plan its training' }).click();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    const made = page.waitForResponse((each) => each.url().endsWith('/plans'));
    answer();
    await (await made).finished();
    await page.getByRole('link', { name: 'Models', exact: true }).click();
    await page.waitForURL(room.at('/models'));
    await page.goBack();
    await page.waitForURL(room.at('/runs'));
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: /kiln_2/ }).waitFor();

    await page.route('**/api/v1/circuits/kiln_2', async (route) => route.fulfill({ status: 500 }));
    room.project.change('kiln_2', 0.7);
    await room.run(['kiln_2'], ['all']);
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
    expect(await page.getByRole('table', { name: 'Versions' }).isVisible()).toBe(true);
  });

  it('is removed once somebody has seen what would go, and says what went', async () => {
    room.project.change('kiln_1', 0.3);
    await room.run(['kiln_1'], ['all']);
    const page = await visitor.open(room.at('/settings?tab=retention'), { patience_ms: 60_000 });
    await page.getByText('once a day by itself').waitFor();
    await until(
      () => room.post<Preview>('/retention/preview', {}),
      ({ report }) => report.removed.logs.count > 0,
    );
    await page.getByRole('button', { name: 'What would go now?' }).click();
    const would = page.getByRole('region', { name: 'What would go now' });
    await would.getByRole('row').filter({ hasText: 'goes' }).filter({ hasText: 'run 2' }).waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await would.getByRole('button', { name: 'Remove it' }).click();
    const dialog = page.getByRole('dialog');
    // Those of some go by themselves, once a day: perhaps a moment ago.
    await dialog.getByText(/^That is the logs and work folders of \d runs?, and/).waitFor();
    await dialog.getByRole('button', { name: 'Remove it' }).click();
    const last = page.getByRole('region', { name: 'The last time' });
    await last.getByText(/^tester/).waitFor();
    await expect(would.count()).resolves.toBe(0);
    expect(await axeProblems(page)).toEqual([]);
  });
});
