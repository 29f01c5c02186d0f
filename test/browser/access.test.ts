import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLIENT, testOidc } from '../../src/testing/test-oidc.ts';
import type { TestOidc } from '../../src/testing/test-oidc.ts';
import { TestProject } from '../helpers/project.ts';
import { openRequest, sharedModels } from '../helpers/rows.ts';
import { inBrowser } from './browser.ts';
import type { Visitor } from './browser.ts';
import { ControlRoom } from './control-room.ts';
import { station } from './line.ts';

inBrowser('people who sign in at a provider', (visitor) => {
  let oidc: TestOidc;
  let room: ControlRoom;
  let approval: string;
  let plan: string;
  beforeAll(async () => {
    const port = await freePort();
    oidc = await testOidc(`http://localhost:${port}/auth/callback`);
    const project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2'],
      environment: false,
      settings: `
groups: {crew: [olga@x]}
server:
  oidc:
    issuer: ${oidc.issuer}
    client_id: ${CLIENT.id}
    client_secret: \${env:OIDC_SECRET}
    groups_claim: groups
  roles: {viewer: ["*"], operator: ["@crew"], approver: ["oidc:Leads"]}
`,
    });
    await project.ends(11, ['run'], { env: { OIDC_SECRET: CLIENT.secret } });
    approval = await openRequest(project, 'registry-promotion');
    room = await ControlRoom.over(project, { port, env: { OIDC_SECRET: CLIENT.secret } });
  });
  afterAll(async () => {
    await room[Symbol.asyncDispose]();
    await oidc[Symbol.asyncDispose]();
  });

  /** Signs in as somebody who came to a page, and is then on that page. */
  async function as(name: string, groups: readonly string[], path: string): Promise<Page> {
    oidc.as = { sub: name, claims: { email: `${name}@x`, email_verified: true, groups } };
    const page = await open(visitor, room, path);
    await page.getByRole('link', { name: /^Sign in with localhost/ }).click();
    await page.waitForURL(`**${path}`);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    return page;
  }

  it('who only look: may not decide, the page says why, and the server refuses as well', async () => {
    const page = await as('vera', [], `/approvals/${approval}`);
    await page.getByRole('checkbox', { name: 'Select kiln-1:1' }).check();
    const approve = page.getByRole('button', { name: 'Approve', exact: true });
    expect(await approve.isDisabled()).toBe(true);
    await page.getByText('Needs the role approver; vera@x is viewer.').waitFor();
    expect(await vote(page, approval)).toBe(403);
    expect(await send(page, '/plans', {})).toBe(403);
    expect(await sharedModels(room.project)).toEqual([]);
  });

  it('operators start, and do not approve', async () => {
    const page = await as('olga', [], '/plan');
    await page.getByRole('textbox', { name: 'Circuits' }).fill('kiln_1');
    await page.getByRole('button', { name: 'Make the plan' }).click();
    await page.getByRole('heading', { level: 1, name: /^1 to train/ }).waitFor();
    plan = new URL(page.url()).pathname;
    expect(await page.getByRole('button', { name: 'Seal and run' }).isEnabled()).toBe(true);
    await page.goto(at(room, `/approvals/${approval}`));
    await page.getByText('Needs the role approver; olga@x is operator.').waitFor();
    await page.getByRole('checkbox', { name: 'Select kiln-1:1' }).check();
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).isDisabled()).toBe(true);
    expect(await vote(page, approval)).toBe(403);

    // Whoever asked may ask again, and nobody else who is no approver.
    let requested_by = 'somebody@x';
    await page.route(`**/api/v1/approvals/${approval}`, async (route) => {
      const response = await route.fetch();
      const asked = (await response.json()) as object;
      await route.fulfill({ response, json: { ...asked, status: 'expired', requested_by } });
    });
    await page.reload();
    const reopen = page.getByRole('button', { name: 'Reopen' });
    await reopen.waitFor();
    expect(await reopen.isDisabled()).toBe(true);
    requested_by = 'olga@x';
    await page.reload();
    await page.getByText('asked by olga@x').waitFor();
    await reopen.click();
    const again = page.getByRole('dialog', { name: /^Reopen: / });
    await again.getByRole('button', { name: 'Reopen' }).click({ trial: true });
  });

  it('approvers decide, and do not start; who signed out is nobody', async () => {
    const page = await as('lena', ['Leads'], plan);
    const run = page.getByRole('button', { name: 'Seal and run' });
    await run.waitFor();
    expect(await run.isDisabled()).toBe(true);
    expect(await send(page, `/plans/${plan.split('/').at(-1)}/run`, {})).toBe(403);
    await page.goto(at(room, `/approvals/${approval}`));
    await page.getByRole('button', { name: 'Select all 2' }).click();
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve 2 models' }).click();
    await page.getByText('2 models approved.').waitFor();
    await page.getByRole('tab', { name: 'History (1)' }).click();
    await page.getByText('lena@x signed in, to').waitFor();
    await page.getByRole('link', { name: 'Run 1' }).click();
    await station(page, 'PromoteModels', 'succeeded').waitFor();
    expect(await sharedModels(room.project)).toEqual(['kiln-1', 'kiln-2']);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await page.goto(at(room, '/runs/1'));
    await page.getByRole('link', { name: /^Sign in with localhost/ }).waitFor();
  });
});

/** Sign-in goes over the provider, whose pages are no pages of ours; a call that is refused is in the console. */
const open = (visitor: Visitor, room: ControlRoom, path: string): Promise<Page> =>
  visitor.open(at(room, path), {
    expects: [/^elsewhere: http:\/\/localhost:\d+\/(auth|interaction)/, /status of 40[13]/],
  });

/** As the provider knows the server: by name. */
const at = (room: ControlRoom, path: string): string => room.at(path).replace('127.0.0.1', 'localhost');

const vote = (page: Page, approval: string): Promise<number> =>
  send(page, `/approvals/${approval}/votes`, { verdict: 'approve' });

/** What a page of ours is told when it asks for a change. */
const send = (page: Page, path: string, body: unknown): Promise<number> =>
  page.evaluate<number>(`(async () => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(${JSON.stringify(`/api/v1${path}`)}, { method: 'POST', headers, body: ${JSON.stringify(JSON.stringify(body))} })).status;
  })()`);

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
