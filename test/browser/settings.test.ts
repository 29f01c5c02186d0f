import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeProblems } from './axe.ts';
import { inBrowser } from './browser.ts';
import { ControlRoom } from './control-room.ts';

/** Takes messages, until it is told to refuse them. */
class Receiver implements AsyncDisposable {
  readonly taken: unknown[] = [];
  status = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, answer) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (this.status === 200) this.taken.push(JSON.parse(Buffer.concat(parts).toString()));
        // It wants to be left alone for an hour then: only who asks for it sends before.
        answer.writeHead(this.status, this.status === 503 ? { 'retry-after': '3600' } : {}).end('thanks');
      });
    });
  }

  static async open(): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Receiver(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

inBrowser('the settings', (visitor) => {
  let receiver: Receiver;
  let room: ControlRoom;
  beforeAll(async () => {
    receiver = await Receiver.open();
    room = await ControlRoom.open({
      circuits: ['kiln_1', 'kiln_2'],
      settings: `
groups: {crew: [ada@x, olga@x]}
gates: {registry-promotion: {approvers: ["@crew"], required: 2, verified: true}}
notifications:
  channels:
    ops: {type: webhook, url: "${receiver.url}"}
  routes: [{channels: [ops], events: ["run.*"]}]
schedules:
  nightly: {cron: "15 4 * * *", timezone: Europe/Berlin, run: {pipeline: train}}
`,
    });
  });
  afterAll(async () => {
    await room[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  it('tell of the process, the provider and what a run needs, and look again when asked', async () => {
    const page = await visitor.open(room.at('/settings'));
    await page.getByText(/^this server$|^trainyard serve, process/).waitFor();
    await page.getByText('2 circuits in config/circuits.yaml').waitFor();
    await page.getByRole('heading', { name: 'Provider simulated' }).waitFor();
    const asked = page.waitForResponse((response) => response.url().includes('/doctor?fresh=true'));
    room.project.write('components/training-pipeline-component.yaml', 'name: [');
    await page.getByRole('button', { name: 'Check again' }).click();
    expect((await asked).status()).toBe(200);
    await page.getByText('not fine: component').waitFor();
    expect(await axeProblems(page)).toEqual([]);
  });

  it('say who decides at a gate, and what the file comes to, key by key', async () => {
    const page = await visitor.open(room.at('/settings?tab=gates'));
    const gate = page.getByRole('region', { name: 'registry-promotion' });
    await gate.getByText('2 people, signed in').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('tab', { name: 'trainyard.yaml' }).click();
    await page.getByLabel('Find a key').fill('registry-promotion.required');
    await page.getByTitle('gates.registry-promotion.required').waitFor();
    expect(new URL(page.url()).search).toBe('?tab=file');
    expect(await axeProblems(page)).toEqual([]);
  });

  it('make a token whose secret is shown once and lets in, and revoke it', async () => {
    const page = await visitor.open(room.at('/settings?tab=tokens'));
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('github-ci');
    await dialog.getByLabel('operator').check();
    await dialog.getByLabel('Expires in').selectOption('7 days');
    const gate = Promise.withResolvers<undefined>();
    await page.route(/\/tokens$/, async (route) => {
      await gate.promise;
      await route.continue();
    });
    const asked = page.waitForRequest((request) => request.method() === 'POST');
    await dialog.getByRole('button', { name: 'Make the token' }).click();
    await asked;
    // Nothing but the button takes the secret away, nor the way to it.
    await page.keyboard.press('Escape');
    gate.resolve(undefined);
    await dialog.getByText(/^ty_/).waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.click(4, 4);
    const secret = (await dialog.getByText(/^ty_/).textContent()) ?? '';
    expect(await axeProblems(page)).toEqual([]);
    const me = await room.get<{ name: string; roles: string[] }>('/me', {
      authorization: `Bearer ${secret}`,
    });
    expect(me).toMatchObject({ name: 'token:github-ci', roles: ['viewer', 'operator'] });
    await dialog.getByRole('button', { name: 'I have copied it' }).click();

    await page.getByRole('row').getByText('github-ci').waitFor();
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('There are no tokens.').waitFor();
    const refused = await fetch(room.at('/api/v1/me'), { headers: { authorization: `Bearer ${secret}` } });
    expect(refused.status).toBe(401);
    await page.getByLabel('Revoked ones too').check();
    await page.getByRole('row').getByText('revoked').waitFor();
  });

  it('send a test message, and tell what the other end says', async () => {
    const page = await visitor.open(room.at('/settings?tab=channels'), { expects: [/503/] });
    await page.getByRole('button', { name: 'Send a test message' }).click();
    await page.getByText('ops took the test message.').waitFor();
    expect(receiver.taken).toHaveLength(1);
    receiver.status = 404;
    await page.getByRole('button', { name: 'Send a test message' }).click();
    await page
      .getByRole('alert')
      .getByText(/did not take the test message.*404/)
      .waitFor();
    receiver.status = 200;
    expect(await axeProblems(page)).toEqual([]);
  });

  it('tell what would go until something went, whoever asked for that', async () => {
    const page = await visitor.open(room.at('/settings?tab=retention'));
    await page.getByRole('button', { name: 'What would go now?' }).click();
    const would = page.getByRole('heading', { name: 'What would go now' });
    await would.waitFor();
    await room.post('/retention/prune', {});
    await page.getByRole('heading', { name: 'The last time' }).waitFor();
    await would.waitFor({ state: 'detached' });
  });

  it('let a schedule rest and go on, and tell when it comes', async () => {
    const page = await visitor.open(room.at('/settings?tab=schedules'));
    const nightly = page.getByRole('region', { name: 'nightly' });
    await nightly.getByText('active').waitFor();
    await nightly.getByRole('button', { name: 'Pause' }).click();
    await page
      .getByRole('dialog')
      .getByLabel(/Comment/)
      .fill('The kilns are cold.');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await nightly.getByText(/The kilns are cold\./).waitFor();
    await nightly.getByText('not planned').waitFor();
    await nightly.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await nightly.getByText('active').waitFor();
    // Somebody else is quicker: whoever was asked reads so, and what they wrote stands.
    await nightly.getByRole('button', { name: 'Pause' }).click();
    const asked = page.getByRole('dialog', { name: 'Pause nightly?' });
    await asked.getByLabel(/Comment/).fill('They are colder.');
    await room.post('/schedules/nightly/pause', {});
    await asked.getByText(/not possible any more/).waitFor();
    expect(await asked.getByLabel(/Comment/).inputValue()).toBe('They are colder.');
    await asked.getByRole('button', { name: 'Back' }).click();
    await room.post('/schedules/nightly/resume', {});
    await nightly.getByText('active').waitFor();
    await nightly.getByRole('link', { name: 'All times of nightly' }).click();
    const times = page.getByRole('dialog');
    await times.getByText(/04:15/).first().waitFor();
    // Theirs and ours: whoever looks is told when it is by their own clock, and exactly on the hint.
    expect(await times.getByRole('listitem').first().textContent()).toMatch(
      / 04:15 \(\d+ \w+ 0[23]:15 your time\)$/,
    );
    expect(await axeProblems(page)).toEqual([]);
  });
});

inBrowser('the settings of schedules and messages', (visitor) => {
  let receiver: Receiver;
  let room: ControlRoom;
  beforeAll(async () => {
    receiver = await Receiver.open();
    receiver.status = 410;
    room = await ControlRoom.open({
      circuits: ['kiln_1'],
      settings: `
notifications:
  channels: {ops: {type: webhook, url: "${receiver.url}"}}
  routes: [{channels: [ops], events: ["run.*"]}]
schedules:
  nightly: {cron: "15 4 * * *", timezone: UTC, run: {pipeline: train}}
`,
    });
  });
  afterAll(async () => {
    await room[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  it('run a schedule now, and show what became of what is told of it', async () => {
    const page = await visitor.open(room.at('/settings?tab=schedules'));
    const nightly = page.getByRole('region', { name: 'nightly' });
    await nightly.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
    await nightly.getByRole('link', { name: 'run 1' }).waitFor();

    await page.getByRole('tab', { name: 'Channels' }).click();
    const given = page.getByRole('row').filter({ hasText: 'given up' }).first();
    await given.getByText(/410/).waitFor();
    expect(await axeProblems(page)).toEqual([]);
    receiver.status = 200;
    // It is offered for what there is, and not for what is shown.
    await page.getByLabel('State').selectOption('pending');
    await page.getByText('There are no such messages.').waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
    await page.getByLabel('State').selectOption('all');
    await page.getByRole('row').filter({ hasText: 'delivered' }).first().waitFor();
    expect(receiver.taken.length).toBeGreaterThan(0);

    // One that is tried again later is sent at once where somebody knows that it will be taken.
    receiver.status = 503;
    await room.post('/runs/1/cancel', {});
    const waits = page.getByRole('row').filter({ hasText: '503' }).first();
    await waits.waitFor();
    receiver.status = 200;
    await page.getByRole('button', { name: 'Send now' }).click();
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Send now' }).click();
    await waits.waitFor({ state: 'detached' });
  });
});
