import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { getRun } from '../../pipelines/index.ts';
import { listEvents } from '../../store/index.ts';
import { EventView, SeverityField, eventView } from '../../views/index.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { numberCursor } from '../cursor.ts';
import { fleetWatch } from '../fleet-watch.ts';
import { createLive } from '../live/live.ts';
import { noPlace } from '../live/places.ts';
import type { StreamPlaces } from '../live/places.ts';
import { RunKey } from './runs.ts';

const Seq = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const list = createRoute({
  method: 'get',
  path: '/events',
  tags: ['events'],
  summary: 'What happened, newest first; with `after`, oldest first',
  request: {
    query: Paging.extend({
      run: RunKey.optional(),
      circuit: z.string().min(1).max(300).optional(),
      type: z
        .string()
        .regex(/^[\w.*-]{1,80}$/)
        .optional()
        .meta({ description: 'A type, or a pattern such as `approval.*`.' }),
      severity: SeverityField.optional().meta({ description: 'At least as grave.' }),
      after: Seq.optional().meta({ description: 'Only events after this one.' }),
      before: Seq.optional().meta({ description: 'Only events before this one.' }),
    }),
  },
  responses: { 200: json(pageOf(EventView), 'A page of events'), ...problems },
});

const stream = createRoute({
  method: 'get',
  path: '/events/stream',
  tags: ['events'],
  summary: 'What happens, as it happens (server-sent events)',
  description:
    '`event` frames carry an Event and its seq as their id; whoever comes again with `Last-Event-ID` misses nothing, and gets `reset` where that would be more than 5,000 events. `progress` tells how far open runs are that moved, at most once a second: `{runs: [{number, status, stages: [{name, status, reason}], jobs}]}`. `changed` names what changed without an event: `{what: ["notifications"]}`. One caller may keep 64 streams of events and logs open (429).',
  request: {
    query: z.object({ run: RunKey.optional().meta({ description: 'Only what concerns this run.' }) }),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,15}$/)
        .optional()
        .meta({ description: 'The last event that was seen.' }),
    }),
  },
  responses: {
    200: {
      description: 'A stream that ends when the server does',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...problems,
  },
});

export const events = ({ project, process }: ApiContext, places: StreamPlaces) => {
  const { db } = project.store;
  const live = process?.live ?? createLive(project);
  // Looking at the fleet writes no event, and what it found is what fleet pages wait for.
  fleetWatch(project).onChange(() => live.changed('circuits'));
  const runId = async (run: string | undefined): Promise<string | undefined> =>
    run === undefined ? undefined : (await getRun(db, run)).id;
  return routes()
    .openapi(list, async (c) => {
      const { limit, cursor, run, circuit, type, severity, after, before } = c.req.valid('query');
      const order = after === undefined ? 'desc' : 'asc';
      const at = numberCursor(cursor);
      const rows = await listEvents(db, {
        run_id: await runId(run),
        circuit_id: circuit,
        type,
        severity: severity === 'info' ? undefined : severity,
        after: order === 'asc' ? (at ?? after) : undefined,
        before: order === 'desc' ? (at ?? before) : before,
        order,
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return c.json({ items: shown.map(eventView), next: last === undefined ? null : String(last.seq) }, 200);
    })
    .openapi(stream, async (c) => {
      const last = c.req.valid('header')['last-event-id'];
      const run_id = (await runId(c.req.valid('query').run)) ?? null;
      const giveBack = places.take(c.get('caller'));
      if (giveBack === null) return noPlace(c);
      const after = last === undefined ? null : Number(last);
      const wanted = { run_id, after, stillMay: c.get('stillMay'), onClose: giveBack };
      const body = await live.open(wanted).catch((error: unknown) => {
        giveBack();
        throw error;
      });
      return c.body(body, 200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Proxies that gather answers would gather this one for ever.
        'x-accel-buffering': 'no',
      });
    });
};
