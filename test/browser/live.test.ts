import { afterAll, beforeAll, expect, it } from 'vitest';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** Prints, waits until the test lets it go on, prints more. */
const TRAIN = `
print('half way', flush=True)
while not os.path.exists(os.path.join(root, 'go')):
    time.sleep(0.02)
print('all the way', flush=True)
write_model()`;

inBrowser('what goes on', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({ circuits: ['kiln_1'], provider: 'local', train: TRAIN });
  });
  afterAll(() => room[Symbol.asyncDispose](), 60_000);

  it('is seen as it goes on, also once the server was away: the log of a job, its run', async () => {
    const running = room.project.start(['run', '--server', room.url], { timeout_ms: 120_000 });
    const jobs = async () => (await room.get<{ readonly items: readonly unknown[] }>('/jobs')).items.length;
    await expect.poll(jobs, { timeout: 60_000 }).toBe(1);
    const page = await visitor.open(room.at('/jobs/kiln_1_2026_03_31'), {
      patience_ms: 60_000,
      expects: [
        /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/,
      ],
    });
    await page.getByText('half way').waitFor();
    await page.getByRole('status').getByText('Live').waitFor();

    // Killed, the way that a machine takes a process away; the job runs on.
    await room.stop('SIGKILL');
    await page.getByText('No connection, trying again').waitFor();
    await room.start();
    await page.getByRole('status').getByText('Live').waitFor();
    room.project.write('go', '');
    await page.getByText('all the way').waitFor();
    await page.getByRole('heading', { level: 1 }).getByText('succeeded').waitFor();
    expect(await page.getByText('half way').count()).toBe(1);
    await page.goto(room.at('/runs/1?tab=timeline'));
    await page.getByRole('img', { name: /Jobs over time: about 1 at the busiest/ }).waitFor();
    // The command that followed it from elsewhere has come through as well.
    expect((await running.ended).code).toBe(11);
  }, 240_000);
});
