import { createHmac } from 'node:crypto';
import type { HookSender } from '../config/index.ts';
import { UsageError } from '../kernel/errors.ts';
import { signWebhook, webhookKey } from '../kernel/standard-webhooks.ts';

/**
 * The headers with which a sender shows that it knows the secret, for a call of our own: to try a hook.
 * @param now milliseconds
 * @throws UsageError for a secret that cannot sign
 */
export function signCall(
  sender: HookSender,
  secret: string,
  call: { readonly id: string; readonly event: string; readonly body: string },
  now: number,
): Record<string, string> {
  const { id, event, body } = call;
  switch (sender) {
    case 'standard': {
      const key = webhookKey(secret);
      if (key instanceof Error)
        throw new UsageError(`The hook cannot be called: ${key.message}.`, {
          hint: 'Make one with: openssl rand -base64 32',
        });
      const timestamp = String(Math.floor(now / 1000));
      return {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signWebhook(key, id, timestamp, body),
      };
    }
    case 'github':
      return {
        'x-github-event': event,
        'x-github-delivery': id,
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      };
    case 'gitlab':
      return { 'x-gitlab-token': secret, 'idempotency-key': id };
    case 'azure-devops':
      return { authorization: `Basic ${Buffer.from(`trainyard:${secret}`).toString('base64')}` };
    case 'bearer':
      return { authorization: `Bearer ${secret}`, 'idempotency-key': id };
  }
}

/** A body that is a ping, as the sender would write it: taken, and nothing comes of it. */
export const pingBody = (sender: HookSender, id: string): string =>
  JSON.stringify(
    {
      standard: { type: 'ping' },
      github: { zen: 'Keep it logically awesome.', hook_id: id },
      gitlab: { object_kind: 'ping' },
      'azure-devops': { id, eventType: 'ping' },
      bearer: { type: 'ping' },
    }[sender],
  );
