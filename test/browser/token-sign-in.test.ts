import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** A browser reports every answer of 401; here they are what is wanted. */
const EXPECTS = [/401 \(Unauthorized\)/];

inBrowser('sign-in with a token', (visitor) => {
  let room: ControlRoom;
  beforeAll(async () => {
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2'],
      settings: 'server: {require_sign_in: true}\n',
    });
    await token(project, 'boss', 'admin');
    room = await ControlRoom.over(project);
  });
  afterAll(() => room[Symbol.asyncDispose]());

  /** Its secret. */
  const token = async (project: TestProject, name: string, role: string): Promise<string> => {
    const { stdout } = await project.ok(['tokens', 'create', name, '--role', role]);
    return /ty_\S+/.exec(stdout)?.[0] ?? '';
  };

  it('leads back to where one was, shows who one is, and ends when one signs out', async () => {
    const secret = await token(room.project, 'desk', 'viewer');
    const page = await visitor.open(room.at('/runs?status=failed'), { expects: EXPECTS });
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    expect(await axeProblems(page)).toEqual([]);

    await page.getByLabel('Token').fill('ty_not-this-one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The token is not known here.').waitFor();

    await page.getByLabel('Token').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
    expect(new URL(page.url()).search).toBe('?status=failed');
    await page.getByText('Live').waitFor();
    await page.getByText('token:desk', { exact: true }).waitFor();
    await page.getByText('viewer', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await page.goto(room.at('/fleet'));
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  });

  it('shows what one may not do, and why, where it would be done', async () => {
    const secret = await token(room.project, 'reader', 'viewer');
    const page = await visitor.open(room.at('/plan'), { expects: EXPECTS });
    await page.getByLabel('Token').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const plan = page.getByRole('button', { name: /plan/i }).last();
    await plan.waitFor();
    expect(await plan.isDisabled()).toBe(true);
    await page
      .getByText('Needs the role operator; token:reader is viewer.')
      .first()
      .waitFor({ state: 'attached' });
  });

  it('asks again when the session is over, at the next change that is told', async () => {
    const secret = await token(room.project, 'short', 'viewer');
    const page = await visitor.open(room.at('/fleet'), { expects: EXPECTS });
    await page.getByLabel('Token').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Live').waitFor();
    await room.project.ok(['tokens', 'revoke', 'short']);
    await page.getByText('Your session is over.').waitFor({ timeout: 60_000 });
    expect(new URL(page.url()).searchParams.get('return_to')).toBe('/fleet');
  });

  it('says how long to wait after too many tries', async () => {
    const page = await visitor.open(room.at('/sign-in'), { expects: [...EXPECTS, /429/] });
    await page.getByLabel('Token').waitFor();
    const tooMany = async (): Promise<readonly number[]> =>
      page.evaluate(async () => {
        const statuses: number[] = [];
        for (let i = 0; i < 25; i++) {
          const { status } = await fetch('/auth/token', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{"token":"ty_wrong"}',
          });
          statuses.push(status);
        }
        return statuses;
      });
    // Another try is allowed every few seconds: it may be the one that is made by hand.
    await vi.waitFor(async () => {
      expect(await tooMany()).toContain(429);
      await page.getByLabel('Token').fill('ty_wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page
        .getByRole('alert')
        .getByText(/Try again in \d+ s/)
        .waitFor({ timeout: 2000 });
    }, 60_000);
  });
});
