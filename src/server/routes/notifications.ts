import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { channelNamed, sendWaiting, testChannel } from '../../actions/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { dropDead, listNotifications, replayDead } from '../../notify/index.ts';
import type { DeadLetters } from '../../notify/index.ts';
import { getRun } from '../../pipelines/index.ts';
import {
  ChannelView,
  NotificationState,
  NotificationView,
  Time,
  channelViews,
  notificationView,
} from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor } from '../cursor.ts';
import { bodyOf } from '../fields.ts';
import { RunKey } from './runs.ts';

const channels = createRoute({
  method: 'get',
  path: '/channels',
  tags: ['notifications'],
  summary: 'Where messages go, what each is told, and how it has been answering',
  responses: { 200: json(pageOf(ChannelView), 'All of them'), ...problems },
});

const test = createRoute({
  method: 'post',
  path: '/channels/{name}/test',
  tags: ['notifications'],
  summary: 'Send one real message now, and tell what the other end says',
  ...needs('admin'),
  request: { params: z.object({ name: z.string().min(1).max(200) }) },
  responses: {
    200: json(z.object({ channel: z.string(), type: z.string(), answer: z.string() }), 'It took the message'),
    ...problems,
  },
});

const list = createRoute({
  method: 'get',
  path: '/notifications',
  tags: ['notifications'],
  summary: 'Messages, newest first',
  request: {
    query: Paging.extend({
      state: z
        .union([NotificationState, z.array(NotificationState).max(10)])
        .optional()
        .meta({ description: 'Repeatable.' }),
      channel: z.string().min(1).max(200).optional(),
      run: RunKey.optional(),
    }),
  },
  responses: { 200: json(pageOf(NotificationView), 'A page of messages'), ...problems },
});

const Which = z
  .strictObject({
    ids: z.array(z.string().min(1).max(60)).min(1).max(10_000).optional(),
    all: z.literal(true).optional().meta({ description: 'All that could not be delivered.' }),
    channel: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'With `all`: only those to this one.' }),
  })
  .refine((which) => (which.ids === undefined) === (which.all === true), {
    message: 'give either ids or all: true',
  })
  .refine((which) => which.ids === undefined || which.channel === undefined, {
    message: 'channel goes with all: true',
  });

const replay = createRoute({
  method: 'post',
  path: '/notifications/replay',
  tags: ['notifications'],
  summary: 'Send again what could not be delivered',
  ...needs('admin'),
  request: { body: bodyOf(Which, { required: true }) },
  responses: {
    200: json(z.object({ at: Time, replayed: z.int() }), 'How many wait again, and since when'),
    ...problems,
  },
});

const drop = createRoute({
  method: 'post',
  path: '/notifications/drop',
  tags: ['notifications'],
  summary: 'Forget what could not be delivered',
  ...needs('admin'),
  request: { body: bodyOf(Which, { required: true }) },
  responses: { 200: json(z.object({ dropped: z.int() }), 'How many are forgotten'), ...problems },
});

const send = createRoute({
  method: 'post',
  path: '/notifications/send',
  tags: ['notifications'],
  summary: 'Send now what waits, without waiting for its next try; harmless twice',
  description:
    'Channels that were left alone after failures are spoken to again. What became of the messages stands in their list; the event stream tells of it (`changed` with `notifications`).',
  ...needs('admin'),
  request: {
    body: bodyOf(
      z.object({
        channels: z
          .array(z.string().min(1).max(200))
          .min(1)
          .max(1000)
          .optional()
          .meta({ description: 'Only to these; left out: to all.' }),
      }),
    ),
  },
  responses: {
    202: json(z.object({ at: Time, waiting: z.int() }), 'How many messages are being sent, and since when'),
    ...problems,
  },
});

export const notifications = ({ project }: ApiContext) => {
  const { store, clock } = project;
  const deadLetters = ({ ids, channel }: z.infer<typeof Which>): DeadLetters => {
    if (ids !== undefined) return { ids };
    if (channel !== undefined) channelNamed(project, channel);
    return { channel };
  };
  return routes()
    .openapi(channels, async (c) => c.json({ items: await channelViews(project), next: null }, 200))
    .openapi(test, async (c) =>
      c.json(await testChannel(project, c.req.valid('param').name, c.get('actor')), 200),
    )
    .openapi(list, async (c) => {
      const { limit, cursor, state, channel, run } = c.req.valid('query');
      const rows = await listNotifications(store.db, {
        states: state === undefined ? NotificationState.options : [state].flat(),
        channel,
        run_id: run === undefined ? undefined : (await getRun(store.db, run)).id,
        before: idCursor(cursor),
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return c.json({ items: shown.map(notificationView), next: last?.id ?? null }, 200);
    })
    .openapi(replay, async (c) => {
      const which = deadLetters(c.req.valid('json'));
      const now = clock.now();
      const replayed = await replayDead(store, now, which, c.get('actor'));
      return c.json({ at: toIso(now), replayed }, 200);
    })
    .openapi(send, async (c) => {
      const at = toIso(clock.now());
      return c.json({ at, waiting: await sendWaiting(project, c.req.valid('json').channels) }, 202);
    })
    .openapi(drop, async (c) => {
      const which = deadLetters(c.req.valid('json'));
      return c.json({ dropped: await dropDead(store, clock.now(), which, c.get('actor')) }, 200);
    });
};
