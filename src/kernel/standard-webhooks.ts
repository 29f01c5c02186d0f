import { createHmac } from 'node:crypto';

/**
 * How calls are signed, whether they go out or come in.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

/** The bytes of a secret, with or without `whsec_`. */
export function webhookKey(secret: string): Buffer | Error {
  const text = secret.trim().replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) || key.length < 24 || key.length > 64)
    return new Error('its secret is not 24 to 64 bytes in base64');
  return key;
}

/** A signature over the id of the message, the time of the attempt (seconds, as text) and the body. */
export const signWebhook = (key: Buffer, id: string, timestamp: string, body: string | Uint8Array): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
