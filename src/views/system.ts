import { basename } from 'node:path';
import { z } from 'zod';
import type { Project } from '../app.ts';
import { toIso } from '../kernel/clock.ts';
import { ownVersion } from '../kernel/package-folder.ts';
import { currentHolder } from '../pipelines/index.ts';
import { CheckView } from './doctor.ts';
import { Time } from './fields.ts';

const GateView = z
  .object({
    approvers: z.array(z.string()),
    required: z.int(),
    expires_s: z.number(),
    on_expiry: z.string(),
    requester_may_approve: z.boolean(),
    verified: z.boolean().meta({ description: 'Only people who signed in may decide.' }),
    remind_every_s: z.number().nullable(),
  })
  .meta({ id: 'Gate', description: 'How a gate is configured.' });

const ProviderView = z
  .object({
    name: z.string(),
    title: z.string().nullable().meta({ description: 'What it calls itself; null: it cannot be reached.' }),
    ok: z.boolean(),
    checks: z.array(CheckView),
    checked_at: Time,
  })
  .meta({ id: 'ProviderHealth', description: 'Where training happens, and whether all is there for it.' });
export type ProviderView = z.infer<typeof ProviderView>;

/** What the process that serves adds to what anybody can see. */
export interface ServingFacts {
  readonly started_at: string;
  /** Whether runs are advanced here. */
  readonly drives: boolean;
  readonly settings_problem: string | null;
  readonly restart_for: readonly string[];
  readonly streams: number;
}

export const SystemView = z
  .object({
    project: z.string(),
    root: z.string(),
    version: z.string(),
    node: z.string(),
    schema: z.int().meta({ description: 'Version of the store.' }),
    now: Time,
    started_at: Time.nullable(),
    holder: z
      .object({
        kind: z.string(),
        pid: z.int(),
        host: z.string(),
        started_at: Time,
        here: z.boolean().meta({ description: 'It is the process that answers.' }),
      })
      .nullable()
      .meta({ description: 'The process that advances the runs; null: none does.' }),
    drives: z.boolean().meta({ description: 'Whether the process that answers advances the runs.' }),
    streams: z.int().meta({ description: 'Open event streams.' }),
    provider: ProviderView,
    gates: z.record(z.string(), GateView),
    groups: z.record(z.string(), z.array(z.string())),
    registries: z.array(z.object({ name: z.string(), kind: z.string() })),
    retention: z.object({
      models_s: z.number().nullable(),
      logs_s: z.number().nullable(),
      runs_s: z.number().nullable(),
    }),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: 'trainyard.yaml with its defaults; secrets are the names of their variables.' }),
    settings_problem: z
      .string()
      .nullable()
      .meta({ description: 'Why trainyard.yaml as it is now cannot be used; what it said before holds.' }),
    restart_for: z
      .array(z.string())
      .meta({ description: 'Sections of trainyard.yaml that changed and count from the next start.' }),
  })
  .meta({ id: 'System', description: 'The project, and the process that serves it.' });
export type SystemView = z.infer<typeof SystemView>;

export async function systemView(
  project: Project,
  provider: ProviderView,
  serving: ServingFacts | null,
): Promise<SystemView> {
  const { store, config, settings, root, clock } = project;
  const [holder, schema] = await Promise.all([currentHolder(store), schemaOf(project)]);
  return {
    project: basename(root),
    root,
    version: ownVersion(),
    node: process.version,
    schema,
    now: toIso(clock.now()),
    started_at: serving?.started_at ?? null,
    holder:
      holder === null
        ? null
        : {
            kind: holder.kind,
            pid: holder.pid,
            host: holder.host,
            started_at: holder.started_at,
            here: serving?.drives === true,
          },
    drives: serving?.drives === true,
    streams: serving?.streams ?? 0,
    provider,
    gates: Object.fromEntries(
      Object.entries(config.gates).map(([name, gate]) => [name, { ...gate, approvers: [...gate.approvers] }]),
    ),
    groups: Object.fromEntries(Object.entries(config.groups).map(([name, people]) => [name, [...people]])),
    registries: Object.entries(config.registry).map(([name, kind]) => ({ name, kind })),
    retention: config.retention,
    settings: withoutSecrets(settings),
    settings_problem: serving?.settings_problem ?? null,
    restart_for: [...(serving?.restart_for ?? [])],
  };
}

/** How the provider of new runs stands. It is asked anew each time: whoever calls this often keeps the answer. */
export async function providerView(project: Project): Promise<ProviderView> {
  const { config, world, clock } = project;
  const name = config.provider;
  const checked_at = toIso(clock.now());
  try {
    const compute = await world.compute(name);
    const checks = (await compute.check()).map((check) => ({ ...check }));
    const { title } = compute.describe();
    return { name, title, ok: checks.every((check) => check.ok), checks, checked_at };
  } catch {
    const check = {
      name: `provider ${name}`,
      ok: false,
      message: 'It does not answer.',
      hint: 'See `trainyard doctor`.',
    };
    return { name, title: null, ok: false, checks: [check], checked_at };
  }
}

async function schemaOf({ store }: Project): Promise<number> {
  const row = await store.db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', 'schema_version')
    .executeTakeFirst();
  return Number(row?.value ?? 0);
}

/** References to variables are shown as they stand; a URL that stands there itself may have a key in its path. */
function withoutSecrets(settings: Project['settings']): Record<string, unknown> {
  const shown = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
    if (typeof value !== 'string' || !/^https?:/.test(value) || !URL.canParse(value)) return value;
    const { origin, pathname, search } = new URL(value);
    return pathname === '/' && search === '' ? origin : `${origin}/…`;
  };
  return { ...shown, notifications: walk(shown['notifications']) };
}
