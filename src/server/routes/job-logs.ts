import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { findJob } from '../../jobs/index.ts';
import { MOST_LOG_BYTES, readJobLog } from '../../views/index.ts';
import { problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
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

export const jobLogs = ({ project }: ApiContext) =>
  routes().openapi(piece, async (c) => {
    const job = await findJob(project.store.db, c.req.valid('param').job);
    const { text, next_offset, over } = await readJobLog(project, job, c.req.valid('query'));
    return c.text(text, 200, {
      'x-next-offset': String(next_offset),
      'x-log-over': String(over),
      'cache-control': 'no-store',
    });
  });
