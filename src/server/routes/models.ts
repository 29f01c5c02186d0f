import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { withdrawModel } from '../../actions/index.ts';
import { fromIso } from '../../kernel/clock.ts';
import { NotFoundError, UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { getRun } from '../../pipelines/index.ts';
import {
  ModelState,
  RegistryName,
  countVersions,
  metricsOfModel,
  pageOfVersions,
  parseRef,
  statedVersions,
} from '../../registry/index.ts';
import type { ModelRef, VersionsQuery } from '../../registry/index.ts';
import {
  ModelMetrics,
  ModelPage,
  ModelRow,
  ModelVersionView,
  modelRow,
  modelVersionView,
  registryNamed,
} from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { download } from '../download.ts';
import { Flag, Search } from '../fields.ts';
import type { ModelNames } from '../model-names.ts';
import { zipStream } from '../zip.ts';

const Registry = RegistryName.default('dev').meta({
  description: '`shared` has what was promoted; rehearsals have a pair of their own.',
});
const Name = z.string().min(1).max(300);
const Version = z.coerce.number().int().min(1).max(1e15);
const OfModel = z.object({ name: Name });
const OfVersion = z.object({ name: Name, version: Version });
const InRegistry = z.object({ registry: Registry });
const State = ModelState.optional().meta({
  description: '`promoted` in a dev registry: those with a copy in the shared one.',
});

const list = createRoute({
  method: 'get',
  path: '/models',
  tags: ['models'],
  summary: 'Model versions by model, newest first',
  description:
    'A page of filtered versions may hold fewer than `limit`; `next` alone says whether there is more.',
  request: {
    query: Paging.extend({
      registry: Registry,
      q: Search.optional().meta({ description: 'Part of a model name.' }),
      model: Name.optional().meta({ description: 'Of this model.' }),
      after: z
        .string()
        .max(320)
        .optional()
        .meta({ description: 'Only versions after this one, as `model:version`.' }),
      circuit: z.string().min(1).max(300).optional(),
      run: z.string().min(1).max(60).optional().meta({ description: 'Made by this run: number or id.' }),
      tag: z
        .union([z.string().max(500), z.array(z.string().max(500)).max(20)])
        .optional()
        .meta({ description: 'With this tag, as `key=value`; repeatable.' }),
      state: State,
      latest: Flag.optional().meta({ description: 'Of each model only its newest version.' }),
    }),
  },
  responses: { 200: json(pageOf(ModelRow), 'A page of versions'), ...problems },
});

const model = createRoute({
  method: 'get',
  path: '/models/{name}',
  tags: ['models'],
  summary: 'The versions of one model, newest first',
  request: { params: OfModel, query: Paging.extend({ registry: Registry, state: State }) },
  responses: { 200: json(ModelPage, 'The model'), ...problems },
});

const version = createRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}',
  tags: ['models'],
  summary: 'A version with its metrics, tags, files, settings and lineage',
  request: { params: OfVersion, query: InRegistry },
  responses: { 200: json(ModelVersionView, 'The version'), ...problems },
});

const metrics = createRoute({
  method: 'get',
  path: '/models/{name}/metrics',
  tags: ['models'],
  summary: 'What its versions reported, oldest first',
  request: { params: OfModel, query: InRegistry },
  responses: { 200: json(ModelMetrics, 'Numbers for a chart'), ...problems },
});

const withdraw = createRoute({
  method: 'post',
  path: '/models/{name}/versions/{version}/withdraw',
  tags: ['models'],
  summary: 'Takes a version out of use, where it was promoted to as well; harmless twice',
  ...needs('operator'),
  request: {
    params: OfVersion,
    body: {
      required: true,
      content: {
        'application/json': { schema: z.object({ reason: z.string().trim().min(1).max(4000) }) },
      },
    },
  },
  responses: {
    200: json(ModelRow.extend({ promoted: z.boolean() }), 'The version as it is then'),
    ...problems,
  },
});

const zip = createRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/files.zip',
  tags: ['models'],
  summary: 'All of its files in one archive',
  request: { params: OfVersion, query: InRegistry },
  responses: {
    200: {
      description: 'The archive',
      content: { 'application/zip': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems,
  },
});

const file = createRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/files/{path}',
  tags: ['models'],
  summary: 'One of its files; slashes of its path may stand as they are or as %2F',
  request: { params: OfVersion.extend({ path: z.string().min(1).max(2000) }), query: InRegistry },
  responses: {
    200: {
      description: 'Its content, checked while it is sent',
      content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems,
  },
});

export const models = ({ project }: ApiContext, names: ModelNames) => {
  const { db } = project.store;
  const page = async (query: VersionsQuery) => {
    const { refs, next } = await pageOfVersions(db, query);
    return {
      items: (await statedVersions(db, query.registry, refs)).map(modelRow),
      next: next === null ? null : writeCursor([next.model_name, next.version]),
    };
  };
  const sendFile = async (c: Context<ApiEnv>): Promise<Response> => {
    const asked = FileParams.safeParse({ ...c.req.query(), ...c.req.param() });
    if (!asked.success)
      throw new UsageError('The address names no file of a model version.', {
        hint: 'Like this: /api/v1/models/NAME/versions/3/files/model.json',
      });
    const { name, version: number, path, registry } = asked.data;
    const { files } = await registryNamed(project, registry).open(name, number);
    // Only what the version itself names: a path that leaves it is none of its files.
    const found = files.find((each) => each.path === path);
    if (found === undefined)
      throw new NotFoundError(`${name}:${number} has no file ${path.slice(0, 200)}.`, {
        hint:
          didYouMean(
            path,
            files.map((each) => each.path),
          ) ??
          `It has ${files
            .map((each) => each.path)
            .slice(0, 10)
            .join(', ')}.`,
      });
    return download(c, {
      name: found.path,
      type: 'application/octet-stream',
      size: found.size,
      etag: `"${found.sha256}"`,
      stream: found.open(),
    });
  };
  return routes()
    .openapi(list, async (c) => {
      const { registry, q, model, circuit, run, tag, state, latest, cursor, after, limit } =
        c.req.valid('query');
      return c.json(
        await page({
          registry,
          model_name: model,
          circuit_id: circuit,
          run_id: run === undefined ? undefined : (await getRun(db, run)).id,
          tags: tagsOf(tag),
          state,
          names: q === undefined ? undefined : await names.containing(registry, q),
          latest: latest === true,
          after: placeOf(cursor) ?? refIn(after),
          limit,
        }),
        200,
      );
    })
    .openapi(metrics, async (c) => {
      const { registry } = c.req.valid('query');
      const { name } = c.req.valid('param');
      const versions = await metricsOfModel(db, registry, name, MOST_POINTS);
      if (versions.length === 0) throw noModel(registry, name);
      const points = versions.map(({ version: number, withdrawn, ...told }) => ({
        version: number,
        created_at: told.created_at,
        run: told.run,
        pr: told.pr,
        withdrawn: withdrawn !== null,
        promoted: told.promoted,
        metrics: told.metrics,
      }));
      const reported = new Set(points.flatMap((point) => Object.keys(point.metrics)));
      return c.json({ names: [...reported].toSorted(), points }, 200);
    })
    .openapi(model, async (c) => {
      const { registry, state, cursor, limit } = c.req.valid('query');
      const { name } = c.req.valid('param');
      const total = await countVersions(db, registry, name);
      if (total === 0) throw noModel(registry, name);
      const found = await page({
        registry,
        model_name: name,
        tags: {},
        state,
        latest: false,
        after: placeOf(cursor),
        limit,
      });
      return c.json({ model_name: name, registry, total, ...found }, 200);
    })
    .openapi(version, async (c) => {
      const { name, version: number } = c.req.valid('param');
      const { registry } = c.req.valid('query');
      return c.json(await modelVersionView(project, registry, { model_name: name, version: number }), 200);
    })
    .openapi(withdraw, async (c) => {
      const { name, version: number } = c.req.valid('param');
      const ref = { model_name: name, version: number };
      await withdrawModel(project, ref, c.get('actor'), c.req.valid('json').reason);
      const [stated] = await statedVersions(db, 'dev', [ref]);
      if (stated === undefined) throw noModel('dev', name);
      return c.json(modelRow(stated), 200);
    })
    .openapi(zip, async (c) => {
      const { name, version: number } = c.req.valid('param');
      const registry = registryNamed(project, c.req.valid('query').registry);
      const { files } = await registry.open(name, number);
      const made = (await registry.get(name, number))?.created_at;
      return download(c, {
        name: `${name}-${number}.zip`,
        type: 'application/zip',
        size: null,
        etag: null,
        stream: zipStream(
          files.map((each) => ({
            name: each.path,
            changed_ms: made === undefined ? project.clock.now() : fromIso(made),
            open: () => each.open(),
          })),
        ),
      });
    })
    .openapi(file, (c) => sendFile(c) as never)
    .get('/models/:name/versions/:version/files/:path{.+}', sendFile);
};

/** Versions on a chart. */
const MOST_POINTS = 200;

const FileParams = file.request.params.extend(InRegistry.shape);

const Place = z.tuple([z.string(), z.int().min(0)]);

function placeOf(cursor: string | undefined): ModelRef | null {
  if (cursor === undefined) return null;
  const [model_name, number] = readCursor(Place, cursor);
  return { model_name, version: number };
}

function refIn(after: string | undefined): ModelRef | null {
  if (after === undefined) return null;
  const ref = parseRef(after);
  if (ref !== null) return ref;
  throw new UsageError(`${after.slice(0, 100)} names no model version.`, {
    hint: 'Write it as name:version, for example seattle-wind:3.',
  });
}

function tagsOf(given: string | string[] | undefined): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const tag of given === undefined ? [] : typeof given === 'string' ? [given] : given) {
    const at = tag.indexOf('=');
    if (at < 1)
      throw new UsageError(`The tag ${tag.slice(0, 100)} is not key=value.`, {
        hint: 'For example tag=retry=true',
      });
    tags[tag.slice(0, at)] = tag.slice(at + 1);
  }
  return tags;
}

const noModel = (registry: RegistryName, name: string): NotFoundError =>
  new NotFoundError(`The ${registry} registry has no model ${name}.`, {
    hint: `List them with \`trainyard models list${registry === 'dev' ? '' : ` --registry ${registry}`}\`.`,
  });
