import type { ChannelSettings, SmtpSettings } from '../config/index.ts';
import { resolveSecrets } from '../kernel/redact.ts';
import type { Manner } from './pump.ts';
import type { Sender } from './sender.ts';
import type { NotifyWorld } from './world.ts';

/** How a type of channel wants to be told. */
export function mannerOf(settings: ChannelSettings): Manner {
  if (settings.type === 'webhook') return 'events';
  return settings.type === 'slack' && 'token' in settings ? 'living' : 'digests';
}

export type Readiness =
  | { readonly ready: true; readonly sender: Sender }
  /** Nothing can be sent from this process; another one may have what is missing. */
  | {
      readonly ready: false;
      readonly missing: readonly string[];
      readonly problem: string;
      readonly hint: string;
    };

/**
 * Fills in the secrets of a channel and loads what speaks to it. The values live in the sender alone, and in no row,
 * log or error.
 */
export async function senderOf(world: NotifyWorld, settings: ChannelSettings): Promise<Readiness> {
  const missing: string[] = [];
  const fill = (text: string): string => {
    const resolved = resolveSecrets(text, world.env);
    missing.push(...resolved.missing);
    return resolved.value;
  };
  const sender = await load(world, settings, fill);
  if (missing.length === 0) return sender;
  const names = [...new Set(missing)];
  return {
    ready: false,
    missing: names,
    problem: `${names.length === 1 ? 'the environment variable' : 'the environment variables'} ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set`,
    hint: 'Set it for the process that runs Trainyard.',
  };
}

async function load(
  world: NotifyWorld,
  settings: ChannelSettings,
  fill: (text: string) => string,
): Promise<Readiness> {
  switch (settings.type) {
    case 'teams': {
      const { teamsSender } = await import('./channels/teams.ts');
      return { ready: true, sender: teamsSender(world, fill(settings.url).trim()) };
    }
    case 'slack': {
      const { slackBotSender, slackWebhookSender } = await import('./channels/slack.ts');
      return {
        ready: true,
        sender:
          'token' in settings
            ? slackBotSender(world, { token: fill(settings.token).trim(), channel: fill(settings.channel) })
            : slackWebhookSender(world, fill(settings.url).trim()),
      };
    }
    case 'webhook': {
      const { webhookSender } = await import('./channels/webhook.ts');
      return {
        ready: true,
        sender: webhookSender(world, {
          url: fill(settings.url).trim(),
          secret: settings.secret === undefined ? null : fill(settings.secret),
        }),
      };
    }
    case 'email': {
      const smtp = settings.smtp ?? world.settings.smtp;
      if (smtp === null)
        return {
          ready: false,
          missing: [],
          problem: 'no mail server is set',
          hint: 'Add `smtp: {host: …, from: …}` under notifications in trainyard.yaml.',
        };
      const { emailSender } = await import('./channels/email.ts');
      const to = settings.to.flatMap((address) =>
        fill(address)
          .split(/[,;]/)
          .map((one) => one.trim())
          .filter((one) => one !== ''),
      );
      const from = settings.from === undefined ? null : fill(settings.from);
      return { ready: true, sender: emailSender(world, { to, from, smtp: filled(smtp, fill) }) };
    }
    default:
      return settings satisfies never;
  }
}

const filled = (smtp: SmtpSettings, fill: (text: string) => string): SmtpSettings => ({
  ...smtp,
  host: fill(smtp.host),
  user: smtp.user === null ? null : fill(smtp.user),
  password: smtp.password === null ? null : fill(smtp.password),
  from: smtp.from === null ? null : fill(smtp.from),
});
