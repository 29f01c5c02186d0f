import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { TrainyardError } from '../../kernel/errors.ts';
import { getRun } from '../../pipelines/index.ts';
import { listAudit, verifyAudit } from '../../store/index.ts';
import { AuditEntryView, AuditVerdictView, auditEntryView, auditVerdictView } from '../../views/index.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { numberCursor } from '../cursor.ts';
import { RunKey } from './runs.ts';

const list = createRoute({
  method: 'get',
  path: '/audit',
  tags: ['audit'],
  summary: 'Who changed what, newest first',
  request: {
    query: Paging.extend({
      run: RunKey.optional(),
      circuit: z.string().min(1).max(300).optional(),
      by: z
        .string()
        .min(1)
        .max(300)
        .optional()
        .meta({ description: 'A name; `trainyard` is what happened by itself.' }),
      type: z
        .string()
        .regex(/^[\w.*-]{1,80}$/)
        .optional()
        .meta({ description: 'A type, or a pattern such as `approval.*`.' }),
    }),
  },
  responses: { 200: json(pageOf(AuditEntryView), 'A page of entries'), ...problems },
});

const verify = createRoute({
  method: 'get',
  path: '/audit/verify',
  tags: ['audit'],
  summary: 'Whether any entry was edited, removed, added or moved',
  request: {
    query: z.object({
      head: z
        .string()
        .regex(/^\d{1,15}:[0-9a-f]{64}$/)
        .optional()
        .meta({ description: 'A head that was noted earlier must still be part of it.' }),
    }),
  },
  responses: { 200: json(AuditVerdictView, 'What was found'), ...problems },
});

/** Looks that are under way or wait. */
const MOST_LOOKS = 4;

export const audit = ({ project }: ApiContext) => {
  const { db } = project.store;
  /** It goes through every entry: one look at a time, which all who ask the same share, and few that wait for it. */
  const looks = new Map<string, Promise<AuditVerdictView>>();
  let last: Promise<unknown> = Promise.resolve();
  const look = (head: string | null): Promise<AuditVerdictView> | null => {
    const key = head ?? '';
    const under_way = looks.get(key);
    if (under_way !== undefined) return under_way;
    if (looks.size >= MOST_LOOKS) return null;
    const begun = last
      .then(() => verifyAudit(db, head))
      .then(auditVerdictView)
      .finally(() => looks.delete(key));
    last = begun.catch(() => undefined);
    looks.set(key, begun);
    return begun;
  };
  return routes()
    .openapi(list, async (c) => {
      const { limit, cursor, run, circuit, by, type } = c.req.valid('query');
      const rows = await listAudit(db, {
        run_id: run === undefined ? undefined : (await getRun(db, run)).id,
        circuit_id: circuit,
        actor: by,
        type,
        before: numberCursor(cursor),
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const next = last === undefined ? null : String(last.seq);
      return c.json({ items: shown.map(auditEntryView), next }, 200);
    })
    .openapi(verify, async (c) => {
      const begun = look(c.req.valid('query').head ?? null);
      if (begun !== null) return c.json(await begun, 200);
      c.header('retry-after', '10');
      throw new TrainyardError(
        'interrupted',
        'Others have the record verified, more than are taken at once.',
        {
          hint: 'Ask again in ten seconds. Without `head` all who ask share one look.',
        },
      );
    });
};
