import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOOK_SENDERS } from '../../src/config/index.ts';
import { signCall } from '../../src/hooks/index.ts';
import { createApp } from '../../src/server/app.ts';
import { testWorld } from '../../src/testing/test-world.ts';
import type { TestWorld } from '../../src/testing/test-world.ts';

const CALLS = Number(process.env['TRAINYARD_FUZZ'] ?? 150);
const SEED = Number(process.env['TRAINYARD_FUZZ_SEED'] ?? 20_261_130);
const KEY = Buffer.from('a secret of thirty-two bytes, ok').toString('base64');

let w: TestWorld;
let app: ReturnType<typeof createApp>;
beforeAll(async () => {
  const hooks = HOOK_SENDERS.map(
    (sender) =>
      `  ${sender}: {sender: ${sender}, secret: "\${env:KEY}"}\n  ${sender}-some: {sender: ${sender}, secret: "\${env:KEY}", events: [pu*], branches: [main], circuits_from_body: true}\n`,
  );
  w = await testWorld({ environment: null, env: { KEY }, settings: `hooks:\n${hooks.join('')}` });
  app = createApp({ project: w.project });
});
afterAll(() => w[Symbol.asyncDispose]());

async function call(name: string, headers: Record<string, string>, body: Uint8Array<ArrayBuffer>) {
  // Nobody is told to come later.
  w.clock.jumpTo(w.clock.now() + 10_000);
  const answer = await app.request(`/hooks/${name}`, { method: 'POST', headers, body });
  return { status: answer.status, text: await answer.text() };
}
const kept = async (): Promise<number> =>
  (await w.project.store.db.selectFrom('hook_deliveries').select('id').execute()).length;

/** What senders write, with anything else in its places. */
const Payload = fc.record(
  {
    type: fc.oneof(fc.constant('push'), fc.string(), fc.jsonValue()),
    object_kind: fc.oneof(fc.constant('push'), fc.jsonValue()),
    eventType: fc.oneof(fc.constant('git.push'), fc.jsonValue()),
    id: fc.oneof(fc.uuid(), fc.jsonValue()),
    ref: fc.oneof(
      fc.constant('refs/heads/main'),
      fc.string().map((s) => `refs/heads/${s}`),
      fc.jsonValue(),
    ),
    deleted: fc.oneof(fc.boolean(), fc.jsonValue()),
    after: fc.oneof(fc.constant('0'.repeat(40)), fc.jsonValue()),
    resource: fc.oneof(
      fc.record({ refUpdates: fc.array(fc.oneof(fc.record({ name: fc.string() }), fc.jsonValue())) }),
      fc.jsonValue(),
    ),
    circuits: fc.oneof(fc.array(fc.oneof(fc.constant('p_c000'), fc.string())), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const Body = fc
  .oneof(
    Payload.map((value) => Buffer.from(JSON.stringify(value))),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  .map((bytes) => new Uint8Array(bytes));
const Name = fc.constantFrom(...HOOK_SENDERS.flatMap((sender) => [sender, `${sender}-some`]));
/** Text that a header may carry. */
const Text = fc
  .string({ unit: fc.constantFrom(...'ab01 ,=.:;/+-_%"{}\\'), maxLength: 80 })
  .map((text) => text.trim());

const options = { seed: SEED, numRuns: CALLS };

describe('hooks, called at random', () => {
  it('take whatever is genuine or say what is wrong with it, and never break', async () => {
    await fc.assert(
      fc.asyncProperty(Name, Body, Text, async (name, body, event) => {
        const sender = HOOK_SENDERS.find((each) => name.startsWith(each)) ?? 'bearer';
        const id = `id-${event}`;
        const text = Buffer.from(body).toString('utf8');
        // What is no text is signed as it is, which signCall does not do.
        fc.pre(Buffer.from(text).equals(Buffer.from(body)));
        const headers = signCall(sender, KEY, { id, event, body: text }, w.clock.now() + 10_000);
        const { status, text: said } = await call(name, headers, body);
        expect([200, 202, 400], said).toContain(status);
        expect(said).not.toContain(KEY);
      }),
      options,
    );
  });

  it('take nothing from whoever does not know the secret', async () => {
    const Headers = fc.dictionary(
      fc.constantFrom(
        'authorization',
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'x-hub-signature-256',
        'x-github-event',
        'x-gitlab-token',
        'idempotency-key',
        'content-type',
      ),
      fc.oneof(
        Text,
        Text.map((text) => `Bearer ${text}`),
        Text.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
        Text.map((text) => `sha256=${text}`),
        Text.map((text) => `v1,${text}`),
        fc.constant(String(Math.floor(w?.clock.now() ?? 0) / 1000)),
      ),
    );
    const before = await kept();
    await fc.assert(
      fc.asyncProperty(Name, Headers, Body, async (name, headers, body) => {
        const { status, text } = await call(name, { 'content-type': 'application/json', ...headers }, body);
        expect(status, text).toBe(401);
        expect(text).not.toContain(KEY);
      }),
      options,
    );
    expect(await kept()).toBe(before);
  });
});
