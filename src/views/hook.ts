import { z } from 'zod';
import type { Project } from '../app.ts';
import { HOOK_SENDERS } from '../config/index.ts';
import {
  DeliveryOutcome,
  calledHooks,
  countWaiting,
  hookSecretProblem,
  listDeliveries,
} from '../hooks/index.ts';
import { secretNames } from '../kernel/redact.ts';
import { Time } from './fields.ts';

export const DeliveryView = z
  .object({
    id: z.string(),
    hook: z.string(),
    received_at: Time,
    event: z.string().nullable().meta({ description: 'As the sender calls it; null: it does not say.' }),
    branch: z.string().nullable(),
    named_circuits: z
      .int()
      .nullable()
      .meta({ description: 'How many the body names, where the hook goes by them.' }),
    outcome: DeliveryOutcome,
    message: z.string(),
    decided_at: Time.nullable(),
    run_id: z.string().nullable(),
    run_number: z.int().nullable(),
  })
  .meta({ id: 'Delivery', description: 'A genuine call of a hook, and what became of it.' });
export type DeliveryView = z.infer<typeof DeliveryView>;

export const HookView = z
  .object({
    name: z.string(),
    path: z.string().meta({ description: 'Where it is called, on this server.', example: '/hooks/pushed' }),
    url: z.string().nullable().meta({ description: 'The same in full, where the server has a public URL.' }),
    sender: z.enum(HOOK_SENDERS).nullable().meta({ description: 'Null: it is gone from trainyard.yaml.' }),
    secret: z
      .string()
      .nullable()
      .meta({ description: 'The environment variable that holds it.', example: 'HOOK_SECRET' }),
    secret_problem: z
      .string()
      .nullable()
      .meta({ description: 'Why nothing can be verified with it here; null: it can.' }),
    events: z.array(z.string()).nullable(),
    branches: z.array(z.string()).nullable(),
    circuits_from_body: z.boolean(),
    pull: z.boolean(),
    run: z.record(z.string(), z.unknown()).nullable().meta({ description: 'What it runs.' }),
    enabled: z.boolean(),
    waiting: z.int().meta({ description: 'Calls that nobody has dealt with yet.' }),
    last: DeliveryView.nullable(),
  })
  .meta({ id: 'Hook', description: 'A hook of trainyard.yaml, and how it stands.' });
export type HookView = z.infer<typeof HookView>;

/** Those of the file in its order, then those that are gone from it and were called. */
export async function hookViews(project: Project): Promise<HookView[]> {
  const { hooks } = project.settings;
  const names = Object.keys(hooks);
  const gone = (await calledHooks(project.store.db)).filter((name) => !names.includes(name));
  const waiting = await countWaiting(project.store.db);
  return Promise.all([...names, ...gone].map((name) => viewOf(project, name, waiting.get(name) ?? 0)));
}

/** One hook; what is not in the file any more has its calls all the same. */
export const hookView = async (project: Project, name: string): Promise<HookView> =>
  viewOf(project, name, (await countWaiting(project.store.db)).get(name) ?? 0);

async function viewOf({ settings, store, env }: Project, name: string, waiting: number): Promise<HookView> {
  const hook = Object.hasOwn(settings.hooks, name) ? settings.hooks[name] : undefined;
  const { public_url } = settings.server;
  const path = `/hooks/${name}`;
  const [last] = await listDeliveries(store.db, { hook: name, limit: 1 });
  const variable = hook === undefined ? null : (secretNames(hook.secret)[0] ?? null);
  return {
    name,
    path,
    url: public_url === null ? null : `${public_url}${path}`,
    sender: hook?.sender ?? null,
    secret: variable,
    secret_problem: hook === undefined ? null : hookSecretProblem(env, hook),
    events: hook?.events ?? null,
    branches: hook?.branches ?? null,
    circuits_from_body: hook?.circuits_from_body ?? false,
    pull: hook?.pull ?? false,
    run: hook === undefined ? null : { ...hook.run },
    enabled: hook?.enabled ?? false,
    waiting,
    last: last ?? null,
  };
}
