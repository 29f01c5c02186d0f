import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HookConfig, HookSender } from '../config/index.ts';
import { resolveSecrets, secretNames } from '../kernel/redact.ts';
import { signWebhook, webhookKey } from '../kernel/standard-webhooks.ts';

/** A call as it came in, before anybody trusts it. */
export interface HookCall {
  /** Of a header by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/**
 * Whether a call knows the secret. `key` is the same when the same call comes again, as far as the sender vouches for
 * it; null: nothing tells one call from the next. `told`: what the caller may hear of it, the rest is for the record.
 */
export type Verdict =
  | { readonly kind: 'genuine'; readonly key: string | null }
  | { readonly kind: 'forged'; readonly why: string; readonly told: string };

/** So far may the time of a signed call be from ours; Standard Webhooks leaves the figure to the receiver. */
const TOLERANCE_S = 300;
/** Longer names of deliveries are nobody's. */
const LONGEST_KEY = 200;
/** Shorter ones can be guessed. */
const SHORTEST_SECRET = 16;

/** The secret of a hook, or why nothing can be verified with it. Never stored, shown or logged. */
export function hookSecret(
  env: Readonly<Record<string, string | undefined>>,
  { sender, secret }: Pick<HookConfig, 'sender' | 'secret'>,
): { readonly secret: string } | { readonly problem: string } {
  const { value, missing } = resolveSecrets(secret, env);
  const [name = secret] = secretNames(secret);
  if (missing.length > 0 || value === '') return { problem: `${name} is not set` };
  if (sender === 'standard') {
    const key = webhookKey(value);
    return key instanceof Error ? { problem: `${name} is not 24 to 64 bytes in base64` } : { secret: value };
  }
  return value.length < SHORTEST_SECRET
    ? { problem: `${name} is shorter than ${SHORTEST_SECRET} characters, and can be guessed` }
    : { secret: value };
}

/** Null: calls can be verified. */
export function hookSecretProblem(...of: Parameters<typeof hookSecret>): string | null {
  const found = hookSecret(...of);
  return 'problem' in found ? found.problem : null;
}

/**
 * What the headers alone say against a call, so that nothing is read of one that cannot be genuine; null: nothing.
 * Senders that show the secret itself are known by then.
 */
export function verifyHeaders(
  sender: HookSender,
  header: HookCall['header'],
  secret: string,
): Extract<Verdict, { kind: 'forged' }> | null {
  const verdict = HEADERS[sender](header, secret);
  return verdict.kind === 'forged' ? verdict : null;
}

/**
 * Looks at the proof that a call carries. What a signature does not cover is not used to tell calls apart: whoever has
 * seen one genuine call could send it again under another name.
 * @param now milliseconds
 */
export function verifyCall(sender: HookSender, call: HookCall, secret: string, now: number): Verdict {
  const early = verifyHeaders(sender, call.header, secret);
  if (early !== null) return early;
  switch (sender) {
    case 'standard':
      return verifyStandard(call, secret, now);
    case 'github':
      return verifyGithub(call, secret);
    case 'azure-devops':
      // The id of an event is the same at every attempt.
      return genuine(idIn(call.body));
    case 'gitlab':
    case 'bearer':
      return genuine(call.header('idempotency-key'));
  }
}

type VerifyHeaders = (header: HookCall['header'], secret: string) => Verdict;

const HEADERS: Readonly<Record<HookSender, VerifyHeaders>> = {
  standard: signedBy('webhook-id', 'webhook-timestamp', 'webhook-signature'),
  github: signedBy('x-hub-signature-256'),
  gitlab: (header, secret) => compare(header('x-gitlab-token'), secret, 'x-gitlab-token'),
  // Basic authentication, whatever the user is called.
  // Source: https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
  'azure-devops': (header, secret) => {
    const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header('authorization') ?? '')?.[1];
    const pair = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
    return compare(pair?.slice(pair.indexOf(':') + 1), secret, 'authorization');
  },
  bearer: (header, secret) =>
    compare(/^bearer +(.+)$/i.exec(header('authorization') ?? '')?.[1], secret, 'authorization'),
};

function signedBy(...names: readonly string[]): VerifyHeaders {
  return (header) => {
    const missing = names.filter((name) => header(name) === undefined);
    return missing.length === 0
      ? genuine(undefined)
      : forged(`it is not signed: ${missing.join(', ')} is missing`);
  };
}

/** Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function verifyStandard({ header, body }: HookCall, secret: string, now: number): Verdict {
  const [id = '', timestamp = '', signature = ''] = [
    'webhook-id',
    'webhook-timestamp',
    'webhook-signature',
  ].map(header);
  const key = webhookKey(secret);
  if (key instanceof Error) return forged(key.message);
  const signed = signWebhook(key, id, timestamp, body);
  // Several signatures stand there while a sender changes its secret.
  if (!signature.split(' ').some((each) => same(each, signed))) return forged('its signature is another');
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  const off_s = Math.abs(now / 1000 - seconds);
  if (off_s <= TOLERANCE_S) return genuine(id);
  const why = Number.isNaN(off_s)
    ? 'its webhook-timestamp is no time'
    : `it is of another time: ${Math.round(off_s)} s from the clock here, and ${TOLERANCE_S} s may be`;
  // Whoever signs rightly may know.
  return { kind: 'forged', why, told: why };
}

/** Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
function verifyGithub({ header, body }: HookCall, secret: string): Verdict {
  const signed = createHmac('sha256', secret).update(body).digest('hex');
  if (!same(header('x-hub-signature-256') ?? '', `sha256=${signed}`))
    return forged('its signature is another');
  // The name of the delivery stands in a header that nobody signs; the body is signed.
  return genuine(createHash('sha256').update(body).digest('hex'));
}

function idIn(body: Uint8Array): string | undefined {
  try {
    const event: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof event === 'object' && event !== null && 'id' in event && typeof event.id === 'string'
      ? event.id
      : undefined;
  } catch {
    return undefined;
  }
}

function compare(given: string | undefined, secret: string, header: string): Verdict {
  if (given === undefined) return forged(`it shows no secret: the header ${header} is missing or another`);
  return same(given, secret) ? genuine(undefined) : forged('its secret is another');
}

/** Takes as long whatever the first difference is, and whatever the lengths. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

const forged = (why: string): Extract<Verdict, { kind: 'forged' }> => ({
  kind: 'forged',
  why,
  told: 'it does not show that it knows the secret of the hook',
});
const genuine = (key: string | undefined): Verdict => ({
  kind: 'genuine',
  key: key === undefined || key === '' || key.length > LONGEST_KEY ? null : key,
});
