import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { PruneRequest, askForPrune } from '../../pipelines/index.ts';
import { PrunePreview, RetentionView, retentionView } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { MOST_ITEMS, retentionAside } from '../aside/retention-aside.ts';
import { bodyOf } from '../fields.ts';
import { writeOnce } from '../idempotency.ts';

const show = createRoute({
  method: 'get',
  path: '/retention',
  tags: ['retention'],
  summary: 'What is kept for how long, what is being removed, and how it went the last time',
  responses: { 200: json(RetentionView, 'How it stands'), ...problems },
});

const Preview = z.object({
  items: z
    .int()
    .min(0)
    .max(MOST_ITEMS)
    .default(0)
    .meta({ description: 'So many things are named, each with its reason.' }),
});

const preview = createRoute({
  method: 'post',
  path: '/retention/preview',
  tags: ['retention'],
  summary: 'What would go now; removes nothing',
  description: 'It looks at everything that is old: where that is much, the answer takes a while.',
  ...needs('operator'),
  request: { body: bodyOf(Preview) },
  responses: { 200: json(PrunePreview, 'What would go'), ...problems },
});

const prune = createRoute({
  method: 'post',
  path: '/retention/prune',
  tags: ['retention'],
  summary: 'Remove what is old and nothing needs, now instead of once a day; harmless twice',
  description:
    'Whoever advances the runs goes through in small pieces. `GET /retention` says how far it is under `asked`, and then what went under `last`, with the same `id`; so do the event stream (`changed` with `retention`) and the event `retention.pruned`.',
  ...needs('admin'),
  responses: { 202: json(PruneRequest, 'It stands on the list'), ...problems },
});

export const retention = ({ project }: ApiContext) =>
  routes()
    .openapi(show, async (c) => c.json(await retentionView(project), 200))
    .openapi(preview, async (c) => {
      const { items: most } = Preview.parse(c.req.valid('json'));
      const { report, items, more } = await retentionAside(project);
      const shown = items.slice(0, most);
      // It changes nothing, and is another one soon.
      c.header('cache-control', 'no-store');
      return c.json({ report, items: shown, more: more + items.length - shown.length }, 200);
    })
    .openapi(prune, async (c) => {
      const asked = await writeOnce(
        c,
        project,
        (tx) => askForPrune(tx, project.clock.now(), c.get('actor')),
        (body) => ({ status: 202, body }),
      );
      return c.json(asked, 202);
    });
