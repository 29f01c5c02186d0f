import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { appendEvents } from '../store/index.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { SettingsWatch } from './settings-watch.ts';

let w: TestWorld;
afterEach(async () => w[Symbol.asyncDispose]());

async function watching(settings = ''): Promise<SettingsWatch> {
  w = await testWorld({ environment: null, settings });
  const watch = new SettingsWatch(w.project);
  expect(await looked(watch)).toBe(false);
  return watch;
}

/** Whether there was something to tell then. */
async function looked(watch: SettingsWatch): Promise<boolean> {
  const told = watch.changes;
  await watch.look();
  return watch.changes !== told;
}

async function edited(watch: SettingsWatch, text: string): Promise<boolean> {
  await w.write('trainyard.yaml', text);
  await w.clock.advance(10_000);
  return looked(watch);
}

describe('trainyard.yaml that changes', () => {
  it('is what the project, its runs and its messages work with from then on', async () => {
    const watch = await watching();
    const { project } = w;
    const told = await edited(
      watch,
      'provider: simulated\ngroups: {leads: [ada]}\nmonitoring: {poll_interval: 7s}\nnotifications: {channels: {ops: {type: webhook, url: "https://hooks.example/x"}}}\n',
    );
    expect(told).toBe(true);
    expect(project.config.groups).toEqual({ leads: ['ada'] });
    expect(project.settings.groups).toEqual({ leads: ['ada'] });
    expect(project.world.config.monitoring.poll_interval_s).toBe(7);
    expect(Object.keys(project.messaging.settings.channels)).toEqual(['ops']);
    // A channel that is new is told what happens from now on.
    const channels = await project.store.db.selectFrom('notification_channels').select('channel').execute();
    expect(channels).toEqual([{ channel: 'ops' }]);
    expect(await edited(watch, 'provider: simulated\n')).toBe(true);
    expect(project.config.groups).toEqual({});
  });

  it('changes nothing that counts from the start, and says so until it is as it was', async () => {
    const watch = await watching();
    await edited(
      watch,
      'provider: local\nproviders: {local: {max_workers: 9}}\nserver: {port: 1234, trusted_proxies: [10.0.3.7], require_sign_in: true, roles: {viewer: [ada]}}\nmonitoring: {log_level: debug, poll_interval: 9s}\n',
    );
    expect(watch.restart_for).toEqual([
      'provider',
      'providers',
      'server.port',
      'server.trusted_proxies',
      'server.require_sign_in',
      'monitoring.log_level',
    ]);
    const { config } = w.project;
    expect(config).toMatchObject({
      provider: 'simulated',
      server: { port: 8787, trusted_proxies: [], require_sign_in: false },
      monitoring: { log_level: 'info', poll_interval_s: 9 },
    });
    expect(config.server.roles.viewer).toEqual(['ada']);
    expect(await edited(watch, 'provider: simulated\n')).toBe(true);
    expect(watch.restart_for).toEqual([]);
  });

  it('waits for the next start where channels name other secrets: jobs would inherit them', async () => {
    const channel = (name: string): string =>
      `notifications: {channels: {ops: {type: webhook, url: "\${env:${name}}"}}}\n`;
    const watch = await watching(channel('OPS_URL'));
    await edited(watch, `groups: {leads: [ada]}\n${channel('NEW_URL')}`);
    expect(watch.restart_for).toEqual(['provider', 'notifications']);
    expect(JSON.stringify(w.project.config.notifications)).toContain('OPS_URL');
    expect(w.project.config.groups).toEqual({ leads: ['ada'] });
    await edited(watch, 'provider: simulated\n');
    expect(w.project.config.notifications.channels).toEqual({});
    await edited(watch, `provider: simulated\n${channel('OPS_URL')}`);
    expect(watch.restart_for).toEqual([]);
    expect(Object.keys(w.project.config.notifications.channels)).toEqual(['ops']);
  });

  it('takes up hooks at once, and waits for the next start where they name other secrets', async () => {
    const hook = (name: string): string => `hooks: {pushed: {sender: github, secret: "\${env:${name}}"}}\n`;
    const watch = await watching(hook('OLD_KEY'));
    await edited(watch, `provider: simulated\n${hook('OLD_KEY').replace('github', 'gitlab')}`);
    expect(w.project.settings.hooks['pushed']?.sender).toBe('gitlab');
    await edited(watch, `provider: simulated\ngroups: {leads: [ada]}\n${hook('NEW_KEY')}`);
    expect(watch.restart_for).toEqual(['hooks']);
    expect(w.project.settings.hooks['pushed']).toMatchObject({ sender: 'gitlab', secret: '${env:OLD_KEY}' });
    expect(w.project.config.groups).toEqual({ leads: ['ada'] });
  });

  it('leaves everything as it was where it is broken or gone, until it can be used again', async () => {
    const watch = await watching('groups: {leads: [ada]}\n');
    expect(await edited(watch, 'groups: [')).toBe(true);
    expect(watch.problem).toMatch(/^trainyard\.yaml/);
    expect(w.project.config.groups).toEqual({ leads: ['ada'] });
    expect(await looked(watch)).toBe(false);
    await rename(join(w.root, 'trainyard.yaml'), join(w.root, 'away'));
    await w.clock.advance(10_000);
    expect(await looked(watch)).toBe(true);
    expect(watch.problem).toBe('trainyard.yaml is gone.');
    expect(w.project.config.groups).toEqual({ leads: ['ada'] });
    expect(await edited(watch, 'provider: simulated\ngroups: {leads: [ada]}\n')).toBe(true);
    expect(watch.problem).toBeNull();
  });

  it('is tried again where the store had no room for its channels, and those before are told meanwhile', async () => {
    const channels = (...names: readonly string[]): string =>
      `provider: simulated\nnotifications: {channels: {${names.map((name) => `${name}: {type: webhook, url: "http://127.0.0.1:9/${name}"}`).join(', ')}}}\n`;
    const watch = await watching(channels('ops').replace('provider: simulated\n', ''));
    const { project, clock } = w;
    const { db, tx } = project.store;
    project.world.background?.();
    await sql`create trigger full before insert on notification_channels begin select raise(abort, 'no room'); end`.execute(
      db,
    );
    expect(await edited(watch, channels('ops', 'more'))).toBe(true);
    expect(watch.problem).toContain('no room');
    expect(Object.keys(project.settings.notifications.channels)).toEqual(['ops']);
    const outbox = async (): Promise<string[]> =>
      (await db.selectFrom('notifications').select('channel').distinct().orderBy('channel').execute()).map(
        (row) => row.channel,
      );
    const tell = async (): Promise<void> =>
      tx((t) =>
        appendEvents(t, clock.now(), [
          { type: 'preflight.problem', severity: 'error', message: 'something to tell' },
        ]),
      );
    /** Channels answer when they do, and everything else when its time has come. */
    const until = async (so: () => Promise<boolean> | boolean): Promise<void> => {
      while (!(await so())) {
        await clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await tell();
    await until(async () => (await outbox()).includes('ops'));
    await clock.advance(10_000);
    expect(await looked(watch)).toBe(false);
    await sql`drop trigger full`.execute(db);
    await clock.advance(10_000);
    let told: boolean | null = null;
    void looked(watch).then((now) => (told = now));
    await until(() => told !== null);
    expect([told, watch.problem]).toEqual([true, null]);
    expect(Object.keys(project.settings.notifications.channels)).toEqual(['ops', 'more']);
    await tell();
    await until(async () => (await outbox()).includes('more'));
    let ended = false;
    void project.endBackground().then(() => (ended = true));
    await until(() => ended);
  });

  it('is not read again while it stays as it is', async () => {
    const watch = await watching();
    const before = w.project.settings;
    await w.clock.advance(60_000);
    expect(await looked(watch)).toBe(false);
    expect(w.project.settings).toBe(before);
  });
});
