import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HookSender } from '../config/index.ts';
import { signWebhook, webhookKey } from '../kernel/standard-webhooks.ts';

/** A call as it came in, before anybody trusts it. */
export interface HookCall {
  /** Of a header by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/**
 * Whether a call knows the secret. `key` is the same when the same call comes again, as far as the sender vouches for
 * it; null: nothing tells one call from the next.
 */
export type Verdict =
  | { readonly kind: 'genuine'; readonly key: string | null }
  | { readonly kind: 'forged'; readonly why: string };

/** So far may the time of a signed call be from ours; Standard Webhooks leaves the figure to the receiver. */
const TOLERANCE_S = 300;
/** Longer names of deliveries are nobody's. */
const LONGEST_KEY = 200;

/**
 * Looks at the proof that a call carries. What a signature does not cover is not used to tell calls apart: whoever has
 * seen one genuine call could send it again under another name.
 * @param now milliseconds
 */
export function verifyCall(sender: HookSender, call: HookCall, secret: string, now: number): Verdict {
  return VERIFY[sender](call, secret, now);
}

type Verify = (call: HookCall, secret: string, now: number) => Verdict;

const VERIFY: Readonly<Record<HookSender, Verify>> = {
  standard: verifyStandard,
  github: verifyGithub,
  gitlab: ({ header }, secret) =>
    compare(header('x-gitlab-token'), secret, 'x-gitlab-token', header('idempotency-key')),
  'azure-devops': verifyAzureDevops,
  bearer: ({ header }, secret) =>
    compare(
      /^bearer +(.+)$/i.exec(header('authorization') ?? '')?.[1],
      secret,
      'authorization',
      header('idempotency-key'),
    ),
};

/** Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function verifyStandard({ header, body }: HookCall, secret: string, now: number): Verdict {
  const id = header('webhook-id');
  const timestamp = header('webhook-timestamp');
  const signature = header('webhook-signature');
  if (id === undefined || timestamp === undefined || signature === undefined)
    return forged('it is not signed: webhook-id, webhook-timestamp or webhook-signature is missing');
  const key = webhookKey(secret);
  if (key instanceof Error) return forged(`the secret of the hook is of no use: ${key.message}`);
  const signed = signWebhook(key, id, timestamp, body);
  // Several signatures stand there while a sender changes its secret.
  if (!signature.split(' ').some((each) => same(each, signed))) return forged('its signature is another');
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  const off_s = Math.abs(now / 1000 - seconds);
  if (!(off_s <= TOLERANCE_S))
    return forged(
      Number.isNaN(off_s)
        ? 'its webhook-timestamp is no time'
        : `it is of another time: ${Math.round(off_s)} s from the clock here, and ${TOLERANCE_S} s may be`,
    );
  return genuine(id);
}

/** Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
function verifyGithub({ header, body }: HookCall, secret: string): Verdict {
  const signature = header('x-hub-signature-256');
  if (signature === undefined) return forged('it is not signed: x-hub-signature-256 is missing');
  const signed = createHmac('sha256', secret).update(body).digest('hex');
  if (!same(signature, `sha256=${signed}`)) return forged('its signature is another');
  // The name of the delivery stands in a header that nobody signs; the body is signed, and no two events have the same.
  return genuine(createHash('sha256').update(body).digest('hex'));
}

/**
 * Basic authentication, whatever the user is called. The id of an event is the same at every attempt.
 * Source: https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
 */
function verifyAzureDevops({ header, body }: HookCall, secret: string): Verdict {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header('authorization') ?? '')?.[1];
  const pair = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
  const password = pair?.slice(pair.indexOf(':') + 1);
  return compare(password, secret, 'authorization', idIn(body));
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

function compare(
  given: string | undefined,
  secret: string,
  header: string,
  key: string | undefined,
): Verdict {
  if (given === undefined) return forged(`it shows no secret: the header ${header} is missing or another`);
  if (!same(given, secret)) return forged('its secret is another');
  return genuine(key ?? null);
}

/** Takes as long whatever the first difference is, and whatever the lengths. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

const forged = (why: string): Verdict => ({ kind: 'forged', why });
const genuine = (key: string | null): Verdict => ({
  kind: 'genuine',
  key: key === null || key === '' || key.length > LONGEST_KEY ? null : key,
});
