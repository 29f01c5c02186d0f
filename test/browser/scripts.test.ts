import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { holdBack } from './hold-back.ts';

const RIDGE = `import argparse, json, math, os
p = argparse.ArgumentParser()
p.add_argument("--ridge", type=float, default=1.0)
p.add_argument("--epochs", type=int, default=1)
p.add_argument("--output-dir", required=True)
a = p.parse_args()
print("ridge", a.ridge, "epochs", a.epochs, flush=True)
mae = abs(math.log10(a.ridge)) + 1 / a.epochs
json.dump({"mae": mae, "r2": 1 - mae / 10}, open(os.path.join(a.output_dir, "metrics.json"), "w"))
`;

/** To search the scripts takes a thread of its own and a Python, which a busy machine gives late. */
const PATIENT = { timeout: 60_000 } as const;
const NARROW = { viewport: { width: 375, height: 720 } } as const;

inBrowser('scripts', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1'], provider: 'local', environment: false });
    project.write('training/train_ridge.py', RIDGE);
    project.write('training/train_plain.py', 'print("plain")\n');
    project.write('training/train_broken.py', 'def (\n');
    room = await ControlRoom.over(project);
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('are listed with what they take, and are run from there', async () => {
    const page = await visitor.open(room.at('/scripts'));
    const table = page.getByRole('table', { name: 'Scripts', exact: true });
    await table.getByRole('row', { name: /^train_ridge .*--epochs --output-dir --ridge/ }).waitFor(PATIENT);
    await table.getByRole('row', { name: /^train_plain .*nothing/ }).waitFor();
    await table.getByRole('row', { name: /^train_broken .*cannot be read/ }).waitFor();
    await page.getByText('No script was run yet.').waitFor();
    await page.getByRole('searchbox', { name: 'Find scripts' }).fill('RIDGE');
    await page.waitForURL(room.at('/scripts?q=RIDGE'));
    await expect.poll(() => table.locator('.row-link').allTextContents(), PATIENT).toEqual(['train_ridge']);
    await table.getByRole('link', { name: 'train_ridge' }).press('Enter');
    await page.waitForURL(room.at('/scripts/new?only=train_ridge'));
    expect(await page.getByRole('checkbox', { name: /^train_ridge/ }).isChecked()).toBe(true);
  }, 90_000);

  it('are started as they were previewed, and not all of them where one that is named is gone', async () => {
    const page = await visitor.open(room.at('/scripts/new?only=train_gone'), {
      expects: [/40\d .*preview/],
      patience_ms: 60_000,
    });
    await page
      .getByRole('alert')
      .getByText(/train_gone/)
      .waitFor();
    expect(await page.getByRole('button', { name: /^Run/ }).isDisabled()).toBe(true);
    await page.getByRole('checkbox', { name: 'train_gone is none of the scripts here' }).click();
    // Two at once: the address says the first when the second is chosen, and the page does not yet.
    await page.evaluate(`for (const name of ['train_ridge', 'train_plain'])
      [...document.querySelectorAll('label')].find((label) => label.textContent.startsWith(name)).click()`);
    await page.waitForURL(room.at('/scripts/new?only=train_ridge%2Ctrain_plain'));
    await page.getByRole('checkbox', { name: /^train_plain/ }).uncheck();
    await page.getByRole('button', { name: 'Run 1 job', exact: true }).waitFor();
    const answer = await holdBack(page, '/preview');
    await page.getByLabel('--epochs').fill('1..3');
    await page.getByLabel('--epochs').press('Enter');
    await page.getByRole('button', { name: 'Run', exact: true }).and(page.locator('[aria-busy]')).waitFor();
    answer();
    await page.getByRole('button', { name: 'Run 3 jobs' }).waitFor();
    expect(page.url()).toBe(room.at('/scripts/new?only=train_ridge'));
  }, 120_000);

  it('are swept by a form out of their options, which shows what it makes before it runs', async () => {
    const page = await visitor.open(room.at('/scripts/new'), { expects: [/400 .*preview/] });
    await page.getByRole('checkbox', { name: /^train_ridge/ }).check(PATIENT);
    await page.waitForURL(room.at('/scripts/new?only=train_ridge'));
    await page.getByLabel('--epochs').fill('1,,2');
    await page.getByText('A value is missing between two commas.').waitFor();
    expect(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled()).toBe(true);
    await page.getByLabel('--epochs').fill('1..2');
    await page.getByLabel('--ridge').fill('0.1, 1, 100');
    const jobs = page.getByRole('table', { name: 'Jobs that would run' });
    const made = jobs.getByRole('row', { name: /^train_ridge__epochs-2_ridge-100 .*--epochs 2 --ridge 100/ });
    await made.waitFor(PATIENT);
    // What the form makes is what the server says it makes, not what the page thinks.
    await page.getByLabel('--ridge').fill('/etc/passwd');
    await page
      .getByRole('alert')
      .getByText(/leads out of the project/)
      .waitFor(PATIENT);
    await page.getByLabel('--ridge').fill('0.1, 1, 100');
    await page.getByLabel('Several at once').check();
    await page.getByLabel('At most at once').fill('2');
    // What is seldom needed stands apart; that it is set, or wrong, is seen all the same.
    await page.getByText('order, memory, GPUs, what is left out').click();
    await page.getByLabel('Memory per job').fill('10K');
    await page.getByText('A size from 1M on, such as 512M or 4G.').waitFor();
    await page.getByText('1 to mend').waitFor();
    await page.getByLabel('Memory per job').fill('2G');
    await page.getByLabel('Scripts that were only found may fail').check();
    await page.getByText('2 set', { exact: true }).waitFor();
    await page
      .getByText(/^Up to 2 at once, .* one attempt each, 2048 MiB of memory each\.$/)
      .waitFor(PATIENT);
    await jobs
      .getByRole('row', { name: /may fail/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Run 6 jobs' }).click(PATIENT);
    await page.waitForURL(room.at('/scripts/runs/1'), PATIENT);
    // Nobody reloads: the table fills as the jobs end.
    await page.getByText('6 succeeded').waitFor(PATIENT);
    const table = page.getByRole('table', { name: 'Jobs of the scripts' });
    await table
      .getByRole('row', { name: /^★ best epochs-2_ridge-1 succeeded 2 1 0.5000 0.9500/ })
      .waitFor(PATIENT);
  }, 180_000);
});

inBrowser('a sweep of scripts', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1'], provider: 'local', environment: false });
    project.write('training/train_ridge.py', RIDGE);
    await project.ok(['scripts', '--sweep', 'epochs=1,2', '--sweep', 'ridge=0.1,1,100', '--parallel'], {
      timeout_ms: 90_000,
    });
    room = await ControlRoom.over(project);
  }, 120_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('is compared by metric: the best is named, sorted and drawn', async () => {
    const page = await visitor.open(room.at('/scripts/runs/1'));
    const winner = page.getByText(/^★ best mae 0.5000 with/);
    await winner.waitFor();
    const table = page.getByRole('table', { name: 'Jobs of the scripts' });
    const order = () => table.locator('.row-link').allTextContents();
    await expect.poll(order, PATIENT).toHaveLength(6);
    expect((await order()).at(0)).toBe('epochs-2_ridge-1');
    await table.getByRole('button', { name: /^mae/ }).click();
    await page.waitForURL(/sort=-metrics.mae/);
    await expect.poll(async () => (await order()).at(0), PATIENT).toBe('epochs-1_ridge-100');

    await page.getByRole('combobox', { name: 'Over' }).selectOption('ridge');
    await page.getByRole('combobox', { name: 'Told apart by' }).selectOption('epochs');
    const chart = page.getByRole('application', { name: /^mae over ridge/ });
    await page.getByText('ridge (logarithmic)').waitFor();
    await page
      .getByRole('listitem')
      .filter({ hasText: /^epochs 2$/ })
      .waitFor();
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    await page
      .getByText(/^train_ridge__epochs-1_ridge-0.1, epochs 1: mae 2$/)
      .first()
      .waitFor();

    // More is better by name, and by choice.
    await page.getByRole('combobox', { name: 'Metric' }).selectOption('r2');
    await page.getByText(/^★ best r2 0.9500 with/).waitFor();
    expect(await page.getByRole('combobox', { name: 'Best is the' }).inputValue()).toBe('highest');
    await page.getByRole('combobox', { name: 'Best is the' }).selectOption('lowest');
    await page.getByText(/^★ best r2 0.7000 with/).waitFor();
    await page.getByRole('combobox', { name: 'Over' }).selectOption('each job');
    const bars = page.getByRole('list', { name: 'r2, the best first' });
    await expect
      .poll(() => bars.getByRole('listitem').first().textContent(), PATIENT)
      .toMatch(/^epochs-1_ridge-1000.7000 ★ best$/);

    await bars.getByRole('link').first().click();
    await page.waitForURL(/\/jobs\/train_ridge__epochs-1_ridge-100/);
    await page.getByText('ridge 100.0 epochs 1').waitFor();
    await page.goto(room.at('/runs/1'));
    await page.getByRole('link', { name: 'Settings and metrics' }).click();
    await page.waitForURL(room.at('/scripts/runs/1'));
  }, 60_000);

  it.each([
    '/scripts',
    '/scripts/new?only=train_ridge',
    '/scripts/runs/1?x=ridge&by=epochs',
    '/scripts/runs/1?x=jobs',
  ])(
    'can be used by everybody, in the dark and on a phone: %s',
    async (path) => {
      for (const context of [{ colorScheme: 'dark' }, NARROW] as const) {
        const page = await visitor.open(room.at(path), { context });
        await page.getByText(/ridge/).first().waitFor(PATIENT);
        if (path.startsWith('/scripts/new')) await page.getByText('1 job', { exact: true }).waitFor(PATIENT);
        expect(await axeProblems(page)).toEqual([]);
        const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(wider).toBeLessThanOrEqual(0);
      }
    },
    150_000,
  );
});

inBrowser('a repository without scripts', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({ circuits: ['kiln_1'], environment: false });
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('is told how scripts are found', async () => {
    const page = await visitor.open(room.at('/scripts'));
    await page.getByText('No training script here.').waitFor(PATIENT);
    await page.getByText('trainyard scripts --list', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Run scripts' }).click();
    await page.getByText('Every file called train_*.py').waitFor(PATIENT);
  }, 90_000);
});
