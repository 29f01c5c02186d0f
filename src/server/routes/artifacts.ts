import { createRoute } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Project } from '../../app.ts';
import { fromIso } from '../../kernel/clock.ts';
import { ConflictError, NotFoundError } from '../../kernel/errors.ts';
import { confine } from '../../kernel/files.ts';
import { getRun } from '../../pipelines/index.ts';
import type { ArtifactsTable } from '../../store/index.ts';
import { ArtifactRow, artifactNamed, artifactRow, artifactsOf } from '../../views/index.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { download } from '../download.ts';
import { zipStream } from '../zip.ts';
import { RunParam } from './runs.ts';

const list = createRoute({
  method: 'get',
  path: '/runs/{run}/artifacts',
  tags: ['artifacts'],
  summary: 'The files a run wrote: a dozen at most, in one page',
  request: { params: RunParam },
  responses: {
    200: json(z.object({ run: z.int(), items: z.array(ArtifactRow), next: z.null() }), 'All of them'),
    ...problems,
  },
});

const binary = z.string().meta({ format: 'binary' });

const show = createRoute({
  method: 'get',
  path: '/runs/{run}/artifacts/{name}',
  tags: ['artifacts'],
  summary: 'One of them, with or without .json at the end of its name',
  request: { params: RunParam.extend({ name: z.string().min(1).max(200) }) },
  responses: {
    200: {
      description: 'Its content, checked while it is sent',
      content: { 'application/octet-stream': { schema: binary } },
    },
    ...problems,
  },
});

const all = createRoute({
  method: 'get',
  path: '/runs/{run}/artifacts.zip',
  tags: ['artifacts'],
  summary: 'All of them in one archive',
  request: { params: RunParam },
  responses: {
    200: { description: 'The archive', content: { 'application/zip': { schema: binary } } },
    ...problems,
  },
});

export const artifacts = ({ project }: ApiContext) =>
  routes()
    .openapi(list, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const rows = await artifactsOf(project.store.db, run);
      return c.json({ run: run.number, items: rows.map(artifactRow), next: null }, 200);
    })
    .openapi(show, async (c) => {
      const { run: key, name } = c.req.valid('param');
      const run = await getRun(project.store.db, key);
      const row = artifactNamed(await artifactsOf(project.store.db, run), run, name);
      await mustLie(project, row);
      return download(c, {
        name: `run-${run.number}-${row.name}.json`,
        type: 'application/octet-stream',
        size: row.size,
        etag: `"${row.sha256}"`,
        stream: Readable.from(contentOf(project, row), { objectMode: false }),
      });
    })
    .openapi(all, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const rows = await artifactsOf(project.store.db, run);
      if (rows.length === 0)
        throw new NotFoundError(`Run ${run.number} wrote no files.`, {
          hint: 'A run of training writes the first when it submits.',
        });
      for (const row of rows) await mustLie(project, row);
      return download(c, {
        name: `run-${run.number}-artifacts.zip`,
        type: 'application/zip',
        size: null,
        etag: null,
        stream: zipStream(
          rows.map((row) => ({
            name: `${row.name}.json`,
            changed_ms: fromIso(row.created_at),
            open: () => contentOf(project, row),
          })),
        ),
      });
    });

/** Before a download begins, as nothing can be said any more once it has. @throws ConflictError */
async function mustLie({ store }: Project, row: ArtifactsTable): Promise<void> {
  const found = await stat(confine(store.folder, row.path)).catch(() => null);
  if (found?.isFile() === true && found.size === row.size) return;
  throw new ConflictError(`The artifact ${row.name} is not what its run wrote.`, {
    hint: 'Restore the state folder from a backup; the rows of the run still hold the facts.',
  });
}

/** Breaks off at the end when it was not what the run wrote. */
async function* contentOf({ store }: Project, row: ArtifactsTable): AsyncGenerator<Buffer> {
  const hasher = createHash('sha256');
  const chunks = createReadStream(confine(store.folder, row.path)) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    hasher.update(chunk);
    yield chunk;
  }
  if (hasher.digest('hex') !== row.sha256)
    throw new ConflictError(`The artifact ${row.name} is not what its run wrote: its digest differs.`);
}
