import { signWebhook, webhookKey } from '../../kernel/standard-webhooks.ts';
import type { NotifyWorld } from '../world.ts';
import type { Outcome, Sender } from '../sender.ts';
import { cleaner, outcomeOf, postJson } from './http.ts';
import { withTimeLimit } from './time-limit.ts';

/**
 * Any server of one's own, as https://www.standardwebhooks.com has it: an id that is the same at every attempt, the
 * time of the attempt, and a signature over both and the body.
 */
export function webhookSender(
  world: NotifyWorld,
  settings: { readonly url: string; readonly secret: string | null },
): Sender {
  const clean = cleaner([settings.url, ...(settings.secret === null ? [] : [settings.secret])]);
  return {
    send: async (parcel, cut) => {
      if (parcel.kind !== 'event')
        return { kind: 'never', error: 'a webhook takes events alone', hint: null };
      const key = settings.secret === null ? null : webhookKey(settings.secret);
      if (key instanceof Error)
        return { kind: 'never', error: key.message, hint: 'Make one with: openssl rand -base64 32' };
      return withTimeLimit(world.clock, world.timing.attempt_ms, cut, async (signal): Promise<Outcome> => {
        const timestamp = String(Math.floor(world.clock.now() / 1000));
        const headers = {
          'webhook-id': parcel.id,
          'webhook-timestamp': timestamp,
          ...(key === null
            ? {}
            : { 'webhook-signature': signWebhook(key, parcel.id, timestamp, parcel.body) }),
        };
        return outcomeOf(
          await postJson({ url: settings.url, headers, body: parcel.body }, signal),
          world.clock,
          clean,
        );
      });
    },
  };
}
