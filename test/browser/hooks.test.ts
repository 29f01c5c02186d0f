import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

const KEY = 'a-secret-that-is-shared';

inBrowser('the hooks', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2'],
      settings: `
hooks:
  arrived: {sender: bearer, secret: "\${env:KEY}", circuits_from_body: true, run: {approve: [all]}}
  pushed: {sender: github, secret: "\${env:NO_SUCH_KEY}", branches: [main], pull: true}
`,
    });
    room = await ControlRoom.over(project, { env: { KEY } });
  });
  afterAll(() => room[Symbol.asyncDispose]());

  const call = (circuits: readonly string[]): Promise<Response> =>
    fetch(room.at('/hooks/arrived'), {
      method: 'POST',
      body: JSON.stringify({ type: 'data.arrived', circuits }),
      headers: { authorization: `Bearer ${KEY}` },
    });

  it('show who calls, what is missing, and what became of calls as they come in', async () => {
    const page = await visitor.open(room.at('/settings?tab=hooks'), { expects: [/500/] });
    const pushed = page.getByRole('region', { name: 'pushed' });
    await pushed.getByText('NO_SUCH_KEY').waitFor();
    await pushed.getByText('all events on main').waitFor();
    const arrived = page.getByRole('region', { name: 'arrived' });
    await arrived.getByText('active').waitFor();
    await arrived.getByText('not yet').waitFor();

    // What is known stays, though it cannot be read anew.
    await page.route(/\/api\/v1\/hooks$/, (route) => route.fulfill({ status: 500 }));
    expect((await call(['kiln_3'])).status).toBe(202);
    const failed = page.getByRole('alert').getByRole('button', { name: 'Try again' });
    await failed.waitFor();
    await arrived.getByText('not yet').waitFor();
    await page.unrouteAll();
    await failed.click();
    await arrived.getByText(/kiln_3/).waitFor();
    room.project.edit('config/circuits.yaml', 'circuit_id: 2', 'circuit_id: 3');
    await arrived.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
    await arrived.getByRole('link', { name: 'run 1' }).waitFor();
    expect(await axeProblems(page)).toEqual([]);

    await arrived.getByRole('link', { name: 'All calls of arrived' }).click();
    const calls = page.getByRole('dialog');
    await calls.getByText('started').waitFor();
    await calls.getByText('data.arrived').waitFor();
    expect(await axeProblems(page)).toEqual([]);
  });
});
