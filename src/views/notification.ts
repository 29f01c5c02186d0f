import { z } from 'zod';
import type { Project } from '../app.ts';
import { NOTIFICATION_STATES, channelHealth, notifyWorld } from '../notify/index.ts';
import type { Notification } from '../notify/index.ts';
import { Time } from './fields.ts';

export const NotificationState = z.enum(NOTIFICATION_STATES);

export const NotificationView = z
  .object({
    id: z.string(),
    channel: z.string(),
    run_id: z.string().nullable(),
    kind: z.enum(['event', 'digest', 'notice', 'living']),
    state: NotificationState,
    title: z.string(),
    events: z.int().meta({ description: 'How many events it tells of.' }),
    first_event: z.int(),
    last_event: z.int(),
    attempts: z.int(),
    due_at: Time,
    queued_at: Time,
    created_at: Time,
    attempted_at: Time.nullable(),
    ended_at: Time.nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Notification', description: 'One message to one channel.' });
export type NotificationView = z.infer<typeof NotificationView>;

export const notificationView = ({
  payload: _payload,
  seq: _seq,
  lane,
  opens: _opens,
  state,
  ...row
}: Notification): NotificationView => ({
  ...row,
  state: NotificationState.parse(state),
  run_id: lane === '' ? null : lane,
});

export const ChannelView = z
  .object({
    name: z.string(),
    type: z.enum(['teams', 'slack', 'email', 'webhook']),
    title: z.string(),
    ok: z.boolean(),
    message: z.string(),
    hint: z.string().nullable(),
    pending: z.int(),
    dead: z.int(),
    delivered_at: Time.nullable(),
    last_error: z.string().nullable(),
    routes: z
      .array(
        z.object({
          events: z.array(z.string()).nullable(),
          circuits: z.array(z.string()).nullable(),
          severity: z.string(),
          rehearsals: z.boolean(),
        }),
      )
      .meta({ description: 'What it is told.' }),
  })
  .meta({ id: 'Channel', description: 'Where messages go, and how it has been answering.' });
export type ChannelView = z.infer<typeof ChannelView>;

export async function channelViews(project: Project): Promise<ChannelView[]> {
  const { messaging, store } = project;
  const health = await channelHealth(notifyWorld(messaging), store.db);
  return health.flatMap(({ channel: name, type: title, ...rest }) => {
    const settings = messaging.settings.channels[name];
    if (settings === undefined) return [];
    const routes = messaging.settings.routes
      .filter((route) => route.channels.includes(name))
      .map(({ events, circuits, severity, rehearsals }) => ({
        events: events === null ? null : [...events],
        circuits: circuits === null ? null : [...circuits],
        severity,
        rehearsals,
      }));
    return [{ name, type: settings.type, title, ...rest, routes }];
  });
}
