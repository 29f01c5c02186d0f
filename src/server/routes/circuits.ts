import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { CAUSES, CIRCUIT_STATES } from '../../fleet/index.ts';
import { sha256 } from '../../kernel/digest.ts';
import { NotFoundError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { CircuitPage, CircuitView, FleetBoard, circuitRows, circuitView } from '../../views/index.ts';
import { Paging, json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { CIRCUIT_SORTS, pageOfCircuits } from '../circuit-pages.ts';
import { fleetWatch } from '../fleet-watch.ts';
import type { FleetSnapshot } from '../fleet-watch.ts';

const list = createRoute({
  method: 'get',
  path: '/circuits',
  tags: ['circuits'],
  summary: 'Circuits with their state, their last good model and their last job',
  request: {
    query: Paging.extend({
      plant: z.string().max(200).optional(),
      state: z.enum(CIRCUIT_STATES).optional(),
      cause: z.enum(CAUSES).optional(),
      q: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Part of an id, of a model name or of a reason.' }),
      sort: z.enum(CIRCUIT_SORTS).default('id').meta({ description: 'With `-`: the other way round.' }),
      trend: z
        .string()
        .max(100)
        .optional()
        .meta({ description: 'A metric to show over the last versions; `auto` takes the most telling one.' }),
    }),
  },
  responses: { 200: json(CircuitPage, 'A page of circuits'), ...problems },
});

const board = createRoute({
  method: 'get',
  path: '/circuits/board',
  tags: ['circuits'],
  summary: 'The whole fleet with states and causes as numbers',
  responses: {
    200: json(FleetBoard, 'All circuits by plant'),
    304: { description: 'As it was' },
    ...problems,
  },
});

const show = createRoute({
  method: 'get',
  path: '/circuits/{id}',
  tags: ['circuits'],
  summary: 'A circuit: how it stands, why, its settings, versions and jobs',
  request: { params: z.object({ id: z.string().min(1).max(300) }) },
  responses: { 200: json(CircuitView, 'The circuit'), ...problems },
});

export const circuits = ({ project }: ApiContext) => {
  const watch = fleetWatch(project);
  return routes()
    .openapi(board, async (c) => {
      const { fleet, refreshing } = await watch.now();
      const { text, etag } = boardText(fleet, refreshing);
      c.header('etag', etag);
      // It is asked for again and again, and mostly nothing has changed.
      if (c.req.header('if-none-match') === etag) return c.body(null, 304);
      return c.body(text, 200, { 'content-type': 'application/json' });
    })
    .openapi(list, async (c) => {
      const { trend, ...query } = c.req.valid('query');
      const { fleet, refreshing } = await watch.now();
      const page = pageOfCircuits(fleet, query);
      const { at, problem } = fleet;
      const items = await circuitRows(project, page.circuits, { trend: trend ?? null });
      return c.json({ at, refreshing, problem, items, next: page.next, total: page.total }, 200);
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param');
      const { circuit, fleet } = await watch.circuit(id);
      if (circuit === undefined)
        throw new NotFoundError(`There is no circuit ${id}.`, {
          hint: didYouMean(id, fleet.by_id.keys()) ?? 'The Fleet page and GET /api/v1/circuits list them.',
        });
      return c.json(await circuitView(project, circuit, fleet.at), 200);
    });
};

const boards = new WeakMap<FleetSnapshot, Map<boolean, { readonly text: string; readonly etag: string }>>();

/** The board's text is made once for each look. */
function boardText(
  fleet: FleetSnapshot,
  refreshing: boolean,
): { readonly text: string; readonly etag: string } {
  let made = boards.get(fleet);
  if (made === undefined) boards.set(fleet, (made = new Map()));
  let board = made.get(refreshing);
  if (board === undefined) {
    const { at, problem, counts, plants_json } = fleet;
    const head = JSON.stringify({
      at,
      refreshing,
      problem,
      states: CIRCUIT_STATES,
      causes: CAUSES,
      counts,
    });
    const text = `${head.slice(0, -1)},"plants":${plants_json}}`;
    made.set(refreshing, (board = { text, etag: `"${sha256(text).slice(0, 32)}"` }));
  }
  return board;
}
