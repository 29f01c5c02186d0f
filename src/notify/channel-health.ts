import { RETIRED_CONNECTOR, isRetiredConnector } from '../config/index.ts';
import type { ChannelSettings } from '../config/index.ts';
import { resolveSecrets } from '../kernel/redact.ts';
import { webhookKey } from '../kernel/standard-webhooks.ts';
import type { Db } from '../store/index.ts';
import { channelRows } from './channel-store.ts';
import { countNotifications } from './outbox-lists.ts';
import { senderOf } from './senders.ts';
import type { NotifyWorld } from './world.ts';

export interface ChannelHealth {
  readonly channel: string;
  /** For people: `Teams`, `Slack (edits)`, … */
  readonly type: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
  readonly pending: number;
  readonly dead: number;
  readonly delivered_at: string | null;
  readonly last_error: string | null;
}

/** How every configured channel stands, without sending anything. */
export async function channelHealth(world: NotifyWorld, db: Db): Promise<ChannelHealth[]> {
  const rows = await channelRows(db);
  const counts = await countNotifications(db);
  return Promise.all(
    Object.entries(world.settings.channels).map(async ([channel, settings]): Promise<ChannelHealth> => {
      const row = rows.find((r) => r.channel === channel);
      const { pending = 0, dead = 0 } = counts.get(channel) ?? {};
      const told = {
        channel,
        type: nameOf(settings),
        pending,
        dead,
        delivered_at: row?.delivered_at ?? null,
        last_error: row?.last_error ?? null,
      };
      const fault = await faultOf(world, settings);
      if (fault !== null) return { ...told, ok: false, ...fault };
      const parts = [
        nameOf(settings),
        ...(told.delivered_at === null
          ? []
          : [`last message ${told.delivered_at.slice(0, 16).replace('T', ' ')} UTC`]),
        ...(pending > 0 ? [`${pending} waiting`] : []),
        ...(dead > 0 ? [`${dead} could not be delivered`] : []),
        ...(pending + dead > 0 && told.last_error !== null ? [told.last_error] : []),
      ];
      return {
        ...told,
        ok: dead === 0,
        message: parts.join(', '),
        hint:
          dead === 0
            ? null
            : `See them with \`trainyard notify --dead\`; then \`trainyard notify replay --channel ${channel} --dead\`.`,
      };
    }),
  );
}

/** What keeps a channel from sending, as far as that shows without trying. */
async function faultOf(
  world: NotifyWorld,
  settings: ChannelSettings,
): Promise<{ message: string; hint: string } | null> {
  const readiness = await senderOf(world, settings);
  if (!readiness.ready) return { message: readiness.problem, hint: readiness.hint };
  const value = (text: string): string => resolveSecrets(text, world.env).value.trim();
  if ('url' in settings && !URL.canParse(value(settings.url)))
    return {
      message: 'its address is no URL',
      hint: 'Write https://…, or ${env:NAME} for a variable that holds such a URL.',
    };
  if (settings.type === 'teams' && isRetiredConnector(value(settings.url)))
    return { message: `its address ${RETIRED_CONNECTOR.message}`, hint: RETIRED_CONNECTOR.hint };
  if (settings.type === 'webhook' && settings.secret !== undefined) {
    const key = webhookKey(value(settings.secret));
    if (key instanceof Error) return { message: key.message, hint: 'Make one with: openssl rand -base64 32' };
  }
  return null;
}

function nameOf(settings: ChannelSettings): string {
  switch (settings.type) {
    case 'teams':
      return 'Teams workflow';
    case 'slack':
      return 'token' in settings ? `Slack bot in ${settings.channel}` : 'Slack webhook';
    case 'email':
      return `e-mail to ${settings.to.join(', ')}`;
    case 'webhook':
      return settings.secret === undefined ? 'webhook, not signed' : 'webhook, signed';
    default:
      return settings satisfies never;
  }
}
