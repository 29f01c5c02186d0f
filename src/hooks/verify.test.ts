import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HOOK_SENDERS } from '../config/index.ts';
import { pingBody, signCall } from './sign-call.ts';
import { hookSecret, verifyCall, verifyHeaders } from './verify.ts';
import type { HookCall } from './verify.ts';

const NOW = Date.UTC(2026, 0, 1);
/** 32 bytes, as `openssl rand -base64 32` gives them. */
const SECRET = Buffer.from('a secret of thirty-two bytes, ok').toString('base64');

const call = (headers: Record<string, string>, body = '{}'): HookCall => ({
  header: (name) => headers[name],
  body: Buffer.from(body),
});

describe('a call', () => {
  it.each(HOOK_SENDERS)('of %s that knows the secret is genuine, and has a key to tell it by', (sender) => {
    const body = pingBody(sender, 'one');
    const headers = signCall(sender, SECRET, { id: 'one', event: 'ping', body }, NOW);
    const verdict = verifyCall(sender, call(headers, body), SECRET, NOW);
    expect(verdict).toEqual({ kind: 'genuine', key: expect.any(String) });
    expect(verifyCall(sender, call(headers, body), SECRET, NOW)).toEqual(verdict);
  });

  it.each(HOOK_SENDERS)('of %s with another secret is forged', (sender) => {
    const body = pingBody(sender, 'one');
    const other = Buffer.from('another one of thirty-two bytes.').toString('base64');
    const headers = signCall(sender, other, { id: 'one', event: 'ping', body }, NOW);
    expect(verifyCall(sender, call(headers, body), SECRET, NOW)).toMatchObject({ kind: 'forged' });
  });

  it.each(HOOK_SENDERS)('of %s that shows nothing is forged', (sender) => {
    expect(verifyCall(sender, call({}), SECRET, NOW)).toMatchObject({ kind: 'forged' });
  });

  it.each(['standard', 'github'] as const)('of %s whose body was changed is forged', (sender) => {
    const headers = signCall(sender, SECRET, { id: 'one', event: 'push', body: '{"a":1}' }, NOW);
    expect(verifyCall(sender, call(headers, '{"a":2}'), SECRET, NOW)).toEqual({
      kind: 'forged',
      why: 'its signature is another',
      told: 'it does not show that it knows the secret of the hook',
    });
  });

  it.each([-301, 301, 86_400])('of standard that is %d s off is forged, whatever it knows', (off_s) => {
    const headers = signCall('standard', SECRET, { id: 'one', event: 'x', body: '{}' }, NOW + off_s * 1000);
    expect(verifyCall('standard', call(headers), SECRET, NOW)).toMatchObject({
      kind: 'forged',
      // Whoever signs rightly may know.
      told: expect.stringContaining('it is of another time'),
    });
  });

  it.each(['standard', 'github'] as const)('of %s that is not signed is known by its headers', (sender) => {
    expect(verifyHeaders(sender, () => undefined, SECRET)).toMatchObject({ kind: 'forged' });
    const signed = signCall(sender, 'x'.repeat(32), { id: 'one', event: 'x', body: '' }, NOW);
    expect(verifyHeaders(sender, (name) => signed[name], SECRET)).toBeNull();
  });

  it.each(['gitlab', 'azure-devops', 'bearer'] as const)(
    'of %s with another secret is known by its headers',
    (sender) => {
      const wrong = signCall(sender, `${SECRET}x`, { id: 'one', event: 'x', body: '' }, NOW);
      expect(verifyHeaders(sender, (name) => wrong[name], SECRET)).toMatchObject({
        kind: 'forged',
        why: 'its secret is another',
      });
    },
  );

  it.each([-299, 0, 299])('of standard that is %d s off is taken', (off_s) => {
    const headers = signCall('standard', SECRET, { id: 'one', event: 'x', body: '{}' }, NOW + off_s * 1000);
    expect(verifyCall('standard', call(headers), SECRET, NOW)).toEqual({ kind: 'genuine', key: 'one' });
  });

  it('of standard may carry several signatures, one of them right', () => {
    const headers = signCall('standard', SECRET, { id: 'one', event: 'x', body: '{}' }, NOW);
    const several = { ...headers, 'webhook-signature': `v1,AAAA v1a,BBBB ${headers['webhook-signature']}` };
    expect(verifyCall('standard', call(several), SECRET, NOW)).toMatchObject({ kind: 'genuine' });
  });

  it('of standard is signed over its id: under another name it is forged', () => {
    const headers = signCall('standard', SECRET, { id: 'one', event: 'x', body: '{}' }, NOW);
    expect(verifyCall('standard', call({ ...headers, 'webhook-id': 'two' }), SECRET, NOW)).toMatchObject({
      kind: 'forged',
    });
  });

  it('of github has the same key under another name of delivery: that name is not signed', () => {
    const headers = signCall('github', SECRET, { id: 'one', event: 'push', body: '{}' }, NOW);
    const first = verifyCall('github', call(headers), SECRET, NOW);
    expect(verifyCall('github', call({ ...headers, 'x-github-delivery': 'two' }), SECRET, NOW)).toEqual(
      first,
    );
    const other = signCall('github', SECRET, { id: 'one', event: 'push', body: '{"n":2}' }, NOW);
    expect(verifyCall('github', call(other, '{"n":2}'), SECRET, NOW)).not.toEqual(first);
  });

  it('is signed as Standard Webhooks and GitHub document it', () => {
    // Both examples are those of their documentation.
    const standard = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const body = '{"test": 2432232314}';
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    expect(verifyCall('standard', call(standard, body), secret, 1_614_265_330_000)).toMatchObject({
      kind: 'genuine',
    });
    const github = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    expect(
      verifyCall('github', call(github, 'Hello, World!'), "It's a Secret to Everybody", NOW),
    ).toMatchObject({ kind: 'genuine' });
  });

  it.each([
    ['gitlab', { 'x-gitlab-token': SECRET }],
    ['bearer', { authorization: `Bearer ${SECRET}` }],
  ] as const)('of %s without a name of its own is always a new one', (sender, headers) => {
    expect(verifyCall(sender, call(headers), SECRET, NOW)).toEqual({ kind: 'genuine', key: null });
  });

  it('of azure-devops is told by the id of its event, under any user', () => {
    const authorization = `Basic ${Buffer.from(`anybody:${SECRET}`).toString('base64')}`;
    const body = JSON.stringify({ id: 'e1', eventType: 'git.push' });
    expect(verifyCall('azure-devops', call({ authorization }, body), SECRET, NOW)).toEqual({
      kind: 'genuine',
      key: 'e1',
    });
    expect(verifyCall('azure-devops', call({ authorization }, 'no json'), SECRET, NOW)).toEqual({
      kind: 'genuine',
      key: null,
    });
  });

  it('is not told by a name without end', () => {
    const headers = { authorization: `Bearer ${SECRET}`, 'idempotency-key': 'x'.repeat(201) };
    expect(verifyCall('bearer', call(headers), SECRET, NOW)).toEqual({ kind: 'genuine', key: null });
  });

  it('of standard is not taken on a secret that is none', () => {
    const signature = createHmac('sha256', 'hunter2').update('one.1767225600.{}').digest('base64');
    const headers = {
      'webhook-id': 'one',
      'webhook-timestamp': '1767225600',
      'webhook-signature': `v1,${signature}`,
    };
    expect(verifyCall('standard', call(headers), 'hunter2', NOW)).toMatchObject({
      kind: 'forged',
      why: 'its secret is not 24 to 64 bytes in base64',
    });
  });
});

describe('the secret of a hook', () => {
  const of = (sender: 'standard' | 'github', value: string | undefined) =>
    hookSecret({ KEY: value }, { sender, secret: '${env:KEY}' });

  it.each([
    ['github', undefined, 'KEY is not set'],
    ['github', '', 'KEY is not set'],
    ['github', 'fifteen-letters', 'KEY is shorter than 16 characters, and can be guessed'],
    ['standard', 'sixteen-letters-', 'KEY is not 24 to 64 bytes in base64'],
  ] as const)('of %s that is %j is of no use', (sender, value, problem) => {
    expect(of(sender, value)).toEqual({ problem });
  });

  it('is good where it is long enough', () => {
    expect(of('github', 'sixteen-letters-')).toEqual({ secret: 'sixteen-letters-' });
    expect(of('standard', SECRET)).toEqual({ secret: SECRET });
  });
});
