import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

describe('the system', () => {
  it('is shown with its settings, and without what must stay secret', async () => {
    const settings = `notifications:
  channels:
    ops: {type: webhook, url: "https://hooks.example.com/services/T0/verysecret", secret: "\${env:HOOK_KEY}"}
  routes: [{channels: [ops], events: ["*"]}]
gates: {promotion: {approvers: [ada@example.com], required: 1}}
`;
    const w = await testWorld({ environment: null, settings });
    open.push(w);
    const answer = await createApp({ project: w.project }).request('/api/v1/system');
    const text = await answer.text();
    expect(text).not.toContain('verysecret');
    expect(JSON.parse(text)).toMatchObject({
      schema: expect.any(Number),
      holder: null,
      drives: false,
      provider: { name: 'simulated', ok: true },
      registries: [
        { name: 'dev', kind: 'embedded' },
        { name: 'shared', kind: 'embedded' },
      ],
      settings: {
        notifications: {
          channels: { ops: { url: 'https://hooks.example.com/…', secret: '${env:HOOK_KEY}' } },
        },
      },
      settings_problem: null,
    });
  });

  it('is looked through by the doctor as on the command line', async () => {
    const w = await testWorld({ environment: null });
    open.push(w);
    const told = await (await createApp({ project: w.project }).request('/api/v1/doctor')).json();
    expect(told).toMatchObject({
      ok: true,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'fleet', ok: true })]),
    });
  });

  it('is looked through once in half a minute, and at once for whoever wants to know now', async () => {
    const w = await testWorld({ environment: null });
    open.push(w);
    const app = createApp({ project: w.project });
    const checked = async (query = ''): Promise<unknown> => {
      const answer = (await (await app.request(`/api/v1/system${query}`)).json()) as {
        provider: { checked_at: string };
      };
      return answer.provider.checked_at;
    };
    const first = await checked();
    w.clock.jumpTo(w.clock.now() + 1000);
    expect(await checked()).toBe(first);
    const second = await checked('?fresh=true');
    expect(second).not.toBe(first);
    expect(await checked()).toBe(second);
    w.clock.jumpTo(w.clock.now() + 30_000);
    expect(await checked()).not.toBe(second);
  });
});
