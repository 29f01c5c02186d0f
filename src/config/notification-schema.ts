import { z } from 'zod';
import { show } from '../kernel/findings.ts';
import { field } from '../kernel/schema-field.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { channel, smtp } from './channel-schema.ts';
import type { ChannelSettings, SmtpSettings } from './channel-schema.ts';
import { duration, filled } from './setting-fields.ts';

/** Which events go where. `events` null: those that are told unless somebody says otherwise; `circuits` null: all. */
export interface RouteSettings {
  readonly channels: readonly string[];
  readonly events: readonly string[] | null;
  readonly circuits: readonly string[] | null;
  readonly severity: 'info' | 'warning' | 'error';
  readonly rehearsals: boolean;
}

export interface NotificationSettings {
  readonly channels: Readonly<Record<string, ChannelSettings>>;
  readonly routes: readonly RouteSettings[];
  readonly smtp: SmtpSettings | null;
  readonly base_url: string | null;
  readonly long_running_alert_every_s: number;
}

/** Channels that environment variables make: routes may name them where the variable is not set. */
const FROM_ENVIRONMENT = ['teams', 'ml_engineers'];

const globs = (description: string) =>
  z.array(filled('A name, or a glob such as `kiln_*`.')).min(1).optional().meta({ description });

const route = z
  .strictObject({
    channel: filled('The channel that it leads to.').optional(),
    channels: z
      .array(filled('A channel.'))
      .min(1)
      .optional()
      .meta({ description: 'Several channels instead of one.' }),
    events: globs(
      'Only events of these types, for example `run.failed` or `approval.*`. Left out: the usual ones.',
    ),
    circuits: globs('Only what concerns these circuits, by id or glob. Left out: all.'),
    severity: z
      .enum(['info', 'warning', 'error'])
      .default('info')
      .meta({ description: 'Only events of at least this severity.' }),
    rehearsals: z.boolean().default(false).meta({ description: 'Whether rehearsals are told of too.' }),
  })
  .superRefine((given, context) => {
    if ((given.channel === undefined) !== (given.channels === undefined)) return;
    context.addIssue({
      code: 'custom',
      path: [],
      message: given.channel === undefined ? 'leads nowhere' : '`channel` and `channels` do not go together',
      params: { hint: 'Write channel: name, or channels: [name, name].' },
    });
  })
  .transform((given): RouteSettings => ({
    channels: given.channels ?? (given.channel === undefined ? [] : [given.channel]),
    events: given.events ?? null,
    circuits: given.circuits ?? null,
    severity: given.severity,
    rehearsals: given.rehearsals,
  }));

/** `notifications:` of trainyard.yaml. */
export const notifications = z
  .strictObject({
    channels: z
      .record(z.string(), channel)
      .default({})
      .meta({ description: 'Where messages go, by a name of your own.', default: {} }),
    routes: z.array(route).default([]).meta({
      description: 'Which events go to which channels; without any, every channel gets the usual ones.',
    }),
    smtp: smtp('The mail server of e-mail channels.').optional(),
    base_url: field<string>(
      (value, refuse) =>
        typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
          ? value.replace(/\/+$/, '')
          : refuse(`must be a URL, is ${show(value)}`, 'Write something like https://trainyard.example.com.'),
      {
        description:
          'Where people reach the web UI of this project; messages then link to runs and approvals.',
        type: 'string',
      },
    ).optional(),
    long_running_alert_every: duration('4h', 'Pause between two alerts about jobs of a run that still run.'),
  })
  .prefault({})
  .superRefine(({ channels, routes }, context) => {
    for (const name of Object.keys(channels)) {
      if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) continue;
      context.addIssue({
        code: 'custom',
        path: ['channels', name],
        message: `\`${name}\` is no name for a channel`,
        params: { hint: 'Use letters, digits, _ and -.' },
      });
    }
    const known = [...new Set([...Object.keys(channels), ...FROM_ENVIRONMENT])];
    for (const [i, { channels: wanted }] of routes.entries()) {
      for (const name of wanted) {
        if (known.includes(name)) continue;
        context.addIssue({
          code: 'custom',
          path: ['routes', i],
          message: `there is no channel ${name}`,
          params: { hint: didYouMean(name, known) ?? `Channels are ${known.join(', ')}.` },
        });
      }
    }
  })
  .transform(
    ({ channels, routes, smtp: server, base_url, long_running_alert_every }): NotificationSettings => ({
      channels,
      routes,
      smtp: server ?? null,
      base_url: base_url ?? null,
      long_running_alert_every_s: long_running_alert_every,
    }),
  )
  .meta({ description: 'Messages about runs.' });
