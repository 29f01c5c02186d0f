import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webhookKey } from '../../kernel/standard-webhooks.ts';
import type { Outcome } from '../sender.ts';
import { SECRET, eventOf, settingsOf, yard } from '../test-notify.ts';
import type { Yard } from '../test-notify.ts';
import { HttpServer } from '../test-servers.ts';
import { eventBody } from './event-body.ts';
import { webhookSender } from './webhook.ts';

let y: Yard;
let server: HttpServer;
beforeEach(async () => {
  y = yard();
  server = await HttpServer.start();
});
afterEach(async () => {
  await server.stop();
  await y.store.close();
});

const body = eventBody(eventOf('job.failed', { message: 'Köln → ✗', data: { reason: 'exit_code' } }), {
  project: 'kilns',
  run: { number: 12, rehearsal: false, pipeline: 'train' },
});
const send = (secret: string | null, id = 'ntf_1'): Promise<Outcome> =>
  webhookSender(y.world(settingsOf({})), { url: server.url(), secret }).send(
    { kind: 'event', id, body },
    new AbortController().signal,
  );

describe('a webhook', () => {
  it('gets the event as JSON', async () => {
    expect(await send(null)).toEqual({ kind: 'delivered', answer: 'HTTP 200: ok' });
    expect(server.received[0]?.json()).toEqual({
      type: 'job.failed',
      timestamp: '2026-03-01T08:00:00.000Z',
      data: {
        project: 'kilns',
        seq: expect.any(Number),
        severity: 'info',
        run_id: 'run_1',
        run: 12,
        pipeline: 'train',
        rehearsal: false,
        stage: null,
        circuit_id: null,
        message: 'Köln → ✗',
        data: { reason: 'exit_code' },
      },
    });
    expect(server.received[0]?.headers['webhook-signature']).toBeUndefined();
  });

  it('gets id, time and signature, made anew at each attempt under the same id', async () => {
    server.answer = (_, n) => ({ status: n === 0 ? 500 : 200 });
    await send(SECRET);
    await y.clock.advance(5000);
    await send(SECRET);
    const [first, second] = server.received.map((r) => r.headers);
    expect([first?.['webhook-id'], second?.['webhook-id']]).toEqual(['ntf_1', 'ntf_1']);
    const time = Math.floor(Date.parse('2026-03-01T08:00:00.000Z') / 1000);
    expect([first?.['webhook-timestamp'], second?.['webhook-timestamp']]).toEqual([
      String(time),
      String(time + 5),
    ]);
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key)
      .update(`ntf_1.${time}.${server.received[0]?.body}`)
      .digest('base64');
    expect(first?.['webhook-signature']).toBe(`v1,${expected}`);
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature']);
  });

  it('is signed as the vectors of Standard Webhooks are', async () => {
    // From the specification's own libraries: the same secret, id, time and payload give this signature.
    const key = webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    if (key instanceof Error) throw key;
    const text = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
    expect(createHmac('sha256', key).update(text).digest('base64')).toBe(
      'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('takes a secret with and without its prefix, and none that is too short', () => {
    expect(webhookKey(SECRET)).toEqual(webhookKey(SECRET.slice('whsec_'.length)));
    expect(webhookKey('hunter2')).toBeInstanceOf(Error);
    expect(webhookKey('whsec_not base64 at all, whatever else it is!')).toBeInstanceOf(Error);
    expect(webhookKey(Buffer.alloc(65).toString('base64'))).toBeInstanceOf(Error);
  });

  it('with a secret that is none gets nothing', async () => {
    expect(await send('hunter2')).toEqual({
      kind: 'never',
      error: 'its secret is not 24 to 64 bytes in base64',
      hint: 'Make one with: openssl rand -base64 32',
    });
    expect(server.received).toEqual([]);
  });
});

describe('the receiver in the documentation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/notifications.md'), 'utf8');
  const code = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
  const verify = (headers: Readonly<Record<string, string>>, text: string, now: number): string => {
    const program = `${code}\nimport json, sys\nheaders, body, now = json.load(sys.stdin)\ntry:\n    print('good', verify(headers, body.encode(), now=now)['type'])\nexcept ValueError as error:\n    print(error)\n`;
    const { stdout, stderr } = spawnSync('python3', ['-c', program], {
      input: JSON.stringify([headers, text, now]),
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], WEBHOOK_SECRET: SECRET },
    });
    return stdout.trim() === '' ? stderr : stdout.trim();
  };

  it('takes what is genuine and new, and nothing else', async () => {
    await send(SECRET);
    const [got] = server.received;
    if (got === undefined) throw new Error('nothing came');
    const now = y.clock.now() / 1000;
    expect(verify(got.headers, got.body, now)).toBe('good job.failed');
    expect(verify(got.headers, got.body, now + 299)).toBe('good job.failed');
    expect(verify(got.headers, got.body, now + 301)).toBe('too old or too new');
    expect(verify(got.headers, `${got.body} `, now)).toBe('wrong signature');
    expect(verify({ ...got.headers, 'webhook-id': 'ntf_2' }, got.body, now)).toBe('wrong signature');
  });
});
