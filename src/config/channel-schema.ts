import { z } from 'zod';
import { field } from '../kernel/schema-field.ts';
import { kindOf, show } from '../kernel/findings.ts';
import { secretNames } from '../kernel/redact.ts';
import { filled } from './setting-fields.ts';

/** A mail server. Values may be `${env:NAME}`, which is resolved when a message is sent. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string | null;
  readonly tls: 'starttls' | 'implicit' | 'none';
}

/** Where messages go. URLs, tokens and secrets may be `${env:NAME}`, which is resolved when a message is sent. */
export type ChannelSettings =
  | { readonly type: 'teams'; readonly url: string }
  | { readonly type: 'slack'; readonly url: string }
  | { readonly type: 'slack'; readonly token: string; readonly channel: string }
  | {
      readonly type: 'email';
      readonly to: readonly string[];
      readonly from?: string;
      readonly smtp?: SmtpSettings;
    }
  | { readonly type: 'webhook'; readonly url: string; readonly secret?: string };

/** What Microsoft retired, and what a user of it has to do. */
export const RETIRED_CONNECTOR = {
  message: 'is an Office 365 connector, which Microsoft has retired',
  hint: 'In Teams, open the channel\'s menu, choose Workflows, take "Send webhook alerts to a channel", and use the URL that it shows.',
} as const;

/** True for the addresses that Office 365 connectors had. */
export function isRetiredConnector(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return /^outlook\.office(365)?\.com$|(^|\.)webhook\.office\.com$/.test(host);
}

const REFERENCE = /^\$\{env:[A-Za-z_]\w*\}$/;
const isReference = (text: string): boolean => secretNames(text).length > 0;

/** A value that must not stand in a file. Whatever stood there is not shown. */
export const secret = (description: string) =>
  field<string>(
    (value, refuse) =>
      typeof value === 'string' && REFERENCE.test(value)
        ? value
        : refuse(
            value === undefined ? 'is missing' : 'a secret must not stand in the file',
            'Put it into an environment variable, and write ${env:NAME} here.',
          ),
    { description, type: 'string', pattern: REFERENCE.source },
  );

const url = (description: string) =>
  field<string>(
    (value, refuse) => {
      if (typeof value !== 'string')
        return refuse(`must be a URL, is ${kindOf(value)}`, 'Write https://… or ${env:NAME}.');
      if (isReference(value)) return value;
      // What stands there may be a secret with a slip of the pen in it.
      if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
        return refuse('must be a URL that begins with https://', 'Write https://… or ${env:NAME}.');
      return isRetiredConnector(value) ? refuse(RETIRED_CONNECTOR.message, RETIRED_CONNECTOR.hint) : value;
    },
    { description, type: 'string' },
  );

const address = (description: string) =>
  field<string>(
    (value, refuse) => {
      const isAddress =
        typeof value === 'string' &&
        (isReference(value) || /^(?:[^<>@\r\n]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>,]+@[^@\s<>,]+)$/.test(value));
      return isAddress
        ? value
        : refuse(`must be an e-mail address, is ${show(value)}`, 'Write something like ml-team@example.com.');
    },
    { description, type: 'string' },
  );

const PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

export const smtp = (description: string) =>
  z
    .strictObject({
      host: filled('Name of the mail server.'),
      port: z.int().min(1).max(65_535).optional().meta({
        description: 'Its port: 587 unless told; 465 with `tls: implicit`, 25 with `tls: none`.',
      }),
      user: filled('Who signs in; may be `${env:NAME}`.').optional(),
      password: secret('The password, as `${env:NAME}`.').optional(),
      from: address('The sender of messages; `user` unless told.').optional(),
      tls: z.enum(['starttls', 'implicit', 'none']).default('starttls').meta({
        description:
          '`starttls` begins in the clear and refuses to go on without TLS; `implicit` is TLS from the start; `none` is for a relay on this machine.',
      }),
    })
    .superRefine(({ tls, password, user }, context) => {
      if (tls === 'none' && password !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['password'],
          message: 'a password does not go over a connection without TLS',
          params: { hint: 'Use tls: starttls or tls: implicit, or leave user and password out.' },
        });
      else if ((user === undefined) !== (password === undefined))
        context.addIssue({
          code: 'custom',
          path: [user === undefined ? 'password' : 'user'],
          message: '`user` and `password` go together',
          params: { hint: 'Write both, or neither for a server that asks for none.' },
        });
    })
    .transform(({ host, port, user, password, from, tls }): SmtpSettings => ({
      host,
      port: port ?? PORTS[tls],
      user: user ?? null,
      password: password ?? null,
      from: from ?? null,
      tls,
    }))
    .meta({ description });

/** Keys that a type of channel takes, and the sets of them of which it needs one. */
const SHAPES = {
  teams: { takes: ['url'], needs: [['url']], hint: 'url: ${env:TEAMS_URL}' },
  slack: {
    takes: ['url', 'token', 'channel'],
    needs: [['url'], ['token', 'channel']],
    hint: 'url: ${env:SLACK_URL}, or token: ${env:SLACK_TOKEN} with channel: "#training"',
  },
  email: { takes: ['to', 'from', 'smtp'], needs: [['to']], hint: 'to: [ml-team@example.com]' },
  webhook: { takes: ['url', 'secret'], needs: [['url']], hint: 'url: https://…' },
} as const;

export const channel = z
  .strictObject({
    type: z
      .enum(['teams', 'slack', 'email', 'webhook'])
      .meta({ description: 'What is at the other end; decides which other keys there are.' }),
    url: url(
      'teams: of a workflow; slack: of an incoming webhook; webhook: of your own server. May be `${env:NAME}`.',
    ).optional(),
    token: secret('slack: a bot token, as `${env:NAME}`.').optional(),
    channel: filled('slack: the channel that the bot writes to, `#name` or id.').optional(),
    to: z
      .array(address('An address; may be `${env:NAME}`.'))
      .min(1)
      .optional()
      .meta({ description: 'email: who gets it.' }),
    from: address('email: the sender; that of `smtp` unless told.').optional(),
    smtp: smtp('email: a mail server of its own; `notifications.smtp` unless told.').optional(),
    secret: secret(
      'webhook: what messages are signed with (base64, with or without `whsec_`), as `${env:NAME}`.',
    ).optional(),
  })
  .superRefine((given, context) => {
    const shape = SHAPES[given.type];
    const has = Object.entries(given).flatMap(([key, value]) =>
      key === 'type' || value === undefined ? [] : [key],
    );
    const stray = has.filter((key) => !shape.takes.some((known) => known === key));
    for (const key of stray)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `a ${given.type} channel has no \`${key}\``,
        params: { hint: `It takes ${shape.takes.join(', ')}.` },
      });
    if (stray.length > 0) return;
    const met = shape.needs.filter((keys) => keys.every((key) => has.includes(key)));
    if (met.length === 1 && has.every((key) => given.type !== 'slack' || met[0]?.some((k) => k === key)))
      return;
    context.addIssue({
      code: 'custom',
      path: [],
      message: `a ${given.type} channel needs ${shape.needs.map((keys) => keys.map((key) => `\`${key}\``).join(' and ')).join(', or ')}`,
      params: { hint: `Write ${shape.hint}.` },
    });
  })
  .transform((given, context): ChannelSettings => {
    const { type, url: to_url, token, channel: room, to, from, smtp: server, secret: key } = given;
    if (type === 'email' && to !== undefined)
      return {
        type,
        to,
        ...(from === undefined ? {} : { from }),
        ...(server === undefined ? {} : { smtp: server }),
      };
    if (type === 'slack' && token !== undefined && room !== undefined) return { type, token, channel: room };
    if (type === 'webhook' && to_url !== undefined)
      return { type, url: to_url, ...(key === undefined ? {} : { secret: key }) };
    if (type === 'teams' && to_url !== undefined) return { type, url: to_url };
    if (type === 'slack' && to_url !== undefined) return { type, url: to_url };
    context.addIssue({ code: 'custom', message: 'is not complete' }); // what is missing was said above
    return z.NEVER;
  });
