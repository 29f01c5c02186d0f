import { renameSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NOBODY_SERVES, inBrowser, lineIs } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station } from './line.ts';

/** Prints 200 lines, then each `say-N` that the test puts into the project folder, and ends with `go`. */
const TALKS = `
for n in range(200):
    print('warming up %d' % n)
print('\\x1b[31mtoo hot\\x1b[0m', flush=True)
said = 0
while not os.path.exists(os.path.join(root, 'go')):
    try:
        with open(os.path.join(root, 'say-%d' % said)) as f:
            print(f.read(), flush=True)
        said += 1
    except FileNotFoundError:
        time.sleep(0.02)
write_model()`;

inBrowser('a log that is followed', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    room = await ControlRoom.open({
      circuits: ['kiln_1'],
      provider: 'local',
      train: TALKS,
      environment: false,
    });
    await room.run([], ['all']);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  it('grows as it is printed, is searched, rests when somebody reads, and survives a restart of the server', async () => {
    let said = 0;
    // Moved into place, whole: half a line would be another line.
    const say = (text: string): void => {
      room.project.write('said', text);
      renameSync(room.project.path('said'), room.project.path(`say-${said++}`));
    };
    const page = await visitor.open(room.at('/runs/1'), { expects: NOBODY_SERVES });
    await station(page, 'MonitorTraining', 'running').waitFor();
    await page.goto(room.at('/jobs/kiln_1_2026_03_31'));
    const log = page.getByRole('log');
    const follow = page.getByRole('checkbox', { name: 'Follow' });
    const status = page.getByRole('search').getByRole('status');
    const find = page.getByRole('searchbox', { name: 'Search in the log' });
    const hot = log.getByText('too hot');
    await hot.waitFor();
    // Colours are those of the theme, not of a terminal.
    expect(await hot.getAttribute('style')).toContain('var(--failed)');
    say('epoch 1 loss 0.50');
    await log.getByText('epoch 1 loss 0.50').waitFor();
    expect(await follow.isChecked()).toBe(true);

    await log.hover();
    await page.mouse.wheel(0, -2000);
    await expect.poll(() => follow.isChecked()).toBe(false);
    say('epoch 2 loss 0.25');
    await page.getByText('204 lines, going on').waitFor();
    expect(await log.getByText('epoch 2').count()).toBe(0);
    await find.fill('warming up 7');
    await find.press('Enter');
    await expect.poll(() => status.textContent()).toBe('1 of 11');
    await log.getByText('warming up 7').first().waitFor();
    await find.fill('');
    await follow.check();
    await log.getByText('epoch 2 loss 0.25').waitFor();

    // So is whoever takes the scrollbar, or draws it down with a finger.
    await page.evaluate(`document.querySelector('[role="log"]').scrollTo(0, 0)`);
    await expect.poll(() => follow.isChecked()).toBe(false);
    await log.getByRole('button', { name: 'Link to line 2', exact: true }).click();
    // Of this attempt, whichever is the last one when somebody follows the link.
    await page.waitForURL(/\?(line=2&attempt=1|attempt=1&line=2)$/);
    // No letter is lost to the address, which is behind whoever types.
    await find.focus();
    await page.evaluate(`for (const letter of 'hot') document.execCommand('insertText', false, letter)`);
    expect(await find.inputValue()).toBe('hot');
    await find.fill('');
    await follow.check();
    await log.getByText('epoch 2 loss 0.25').waitFor();

    await room.stop('SIGKILL');
    await lineIs(page, 'No connection').waitFor();
    say('epoch 3 loss 0.12');
    await room.start();
    await lineIs(page, 'Live').waitFor();
    say('epoch 4 loss 0.06');
    await log.getByText('epoch 4 loss 0.06').waitFor();
    // Each line once: those from before, the one from between, the one after.
    await page.getByText('206 lines, going on').waitFor();
    const last = await log.getByText(/epoch \d/).allTextContents();
    expect(last.map((text) => text.slice(0, 7))).toEqual(['epoch 1', 'epoch 2', 'epoch 3', 'epoch 4']);

    room.project.write('go', '');
    await page.getByText('206 lines', { exact: true }).waitFor();
    await page.getByRole('heading', { level: 1, name: /kiln_1\s*succeeded/ }).waitFor();
  });
});
