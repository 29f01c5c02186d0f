import { afterAll, beforeAll, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

inBrowser('a request of a rehearsal', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({ circuits: ['kiln_1'], provider: 'local', environment: false });
    await project.ends(11, ['run', '--provider', 'simulated']);
    room = await ControlRoom.over(project);
  }, 60_000);
  afterAll(() => room[Symbol.asyncDispose]());

  it('leads to the models of rehearsals', async () => {
    const page = await visitor.open(room.at('/approvals'));
    await page.getByRole('link', { name: 'Promote 1 model (rehearsal)' }).click();
    await page.getByRole('button', { name: 'kiln-1:1' }).click();
    await page.getByRole('link', { name: 'Model version' }).click();
    await page.waitForURL(room.at('/models/kiln-1/1?rehearsal=true'));
    await page.getByText('made by a rehearsal, which counts for nothing').waitFor();
  });
});
