import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { findJob } from '../../jobs/index.ts';
import { MOST_LOG_BYTES, readJobLog } from '../../views/index.ts';
import { problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { noPlace } from '../live/places.ts';
import type { StreamPlaces } from '../live/places.ts';
import { logStream } from '../log-stream.ts';
import { JobParam } from './jobs.ts';

const Attempt = z.coerce
  .number()
  .int()
  .min(1)
  .max(10_000)
  .optional()
  .meta({ description: 'Default: the last.' });
const Offset = z.coerce
  .number()
  .int()
  .min(-(1 << 30))
  .max(Number.MAX_SAFE_INTEGER)
  .default(0)
  .meta({ description: 'In bytes; a negative one counts from the present end.' });

const piece = createRoute({
  method: 'get',
  path: '/jobs/{job}/logs',
  tags: ['jobs'],
  summary: 'What a job printed, from a byte offset on',
  request: {
    params: JobParam,
    query: z.object({
      attempt: Attempt,
      offset: Offset,
      limit: z.coerce
        .number()
        .int()
        .min(4)
        .max(MOST_LOG_BYTES)
        .default(1 << 16)
        .meta({ description: 'How many bytes at most; a character is never cut.' }),
    }),
  },
  responses: {
    200: {
      description: 'A piece of the log',
      content: { 'text/plain': { schema: z.string() } },
      headers: z.object({
        'x-next-offset': z.string().meta({ description: 'Ask again from here.' }),
        'x-log-over': z.enum(['true', 'false']).meta({ description: '`true`: nothing more will come.' }),
      }),
    },
    ...problems,
  },
});

const stream = createRoute({
  method: 'get',
  path: '/jobs/{job}/logs/stream',
  tags: ['jobs'],
  summary: 'What a job prints, as it prints it (server-sent events)',
  description:
    '`log` frames carry `{attempt, text, next_offset}`; `end` comes when the attempt is over and all of it was told: `{attempt, next_offset, status, last_attempt}`; `problem` when it cannot be read any more: `{attempt, code, detail, hint}`. Whoever comes again with `Last-Event-ID` goes on where it was. One caller may keep 64 streams of events and logs open (429).',
  request: {
    params: JobParam,
    query: z.object({ attempt: Attempt, offset: Offset }),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,5}-\d{1,15}$/)
        .optional()
        .meta({ description: 'The last frame that was seen: attempt and offset.' }),
    }),
  },
  responses: {
    200: {
      description: 'A stream that ends with the attempt',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...problems,
  },
});

export const jobLogs = ({ project, process }: ApiContext, places: StreamPlaces) =>
  routes()
    .openapi(piece, async (c) => {
      const job = await findJob(project.store.db, c.req.valid('param').job);
      const { text, next_offset, over } = await readJobLog(project, job, c.req.valid('query'));
      return c.text(text, 200, {
        'x-next-offset': String(next_offset),
        'x-log-over': String(over),
        'cache-control': 'no-store',
      });
    })
    .openapi(stream, async (c) => {
      const job = await findJob(project.store.db, c.req.valid('param').job);
      const asked = c.req.valid('query');
      const seen = c.req.valid('header')['last-event-id']?.split('-').map(Number);
      const giveBack = places.take(c.get('caller'));
      if (giveBack === null) return noPlace(c);
      const body = await logStream(
        project,
        job,
        { attempt: seen?.[0] ?? asked.attempt ?? job.attempt, offset: seen?.[1] ?? asked.offset },
        { stillMay: c.get('stillMay'), ending: process?.ending, onClose: giveBack },
      ).catch((error: unknown) => {
        giveBack();
        throw error;
      });
      return c.body(body, 200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
    });
