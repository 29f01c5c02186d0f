import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { hookNamed, retryDeliveries, secretOf } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { ok } from '../client/index.ts';
import type { HookSender } from '../config/index.ts';
import { listDeliveries, pingBody, signCall } from '../hooks/index.ts';
import { TrainyardError, UsageError, messageOf } from '../kernel/errors.ts';
import { isLoopback } from '../kernel/loopback.ts';
import { hookViews, isServed } from '../views/index.ts';
import { ask, withProject } from './options.ts';
import type { CommonOptions } from './options.ts';
import { deliveryTable, hookRemarks, hookTable } from './render/hooks.ts';
import { note, print, printJson } from './render/output.ts';

export async function listHooks(flags: CommonOptions): Promise<void> {
  const { hooks, served } = await ask(flags, 'read', {
    here: async (project) => ({ hooks: await hookViews(project), served: await isServed(project) }),
    there: async ({ api }) => ({ hooks: (await ok(api.hooks.$get({}))).items, served: true }),
  });
  if (flags.json === true) {
    printJson({ hooks });
    return;
  }
  if (hooks.length === 0) {
    print('No hooks. Write them under `hooks:` in trainyard.yaml: docs/hooks.md');
    return;
  }
  print(hookTable(hooks));
  for (const line of hookRemarks(hooks)) print(line);
  if (!served) print('Nothing serves: nobody can call them until `trainyard serve` runs.');
}

export async function showCalls(
  name: string,
  flags: CommonOptions & { limit: number; before?: string },
): Promise<void> {
  const { limit, before, json = false } = flags;
  const deliveries = await ask(flags, 'read', {
    here: async (project) => {
      const found = await listDeliveries(project.store.db, { hook: name, before, limit });
      // One that is gone from the file has a history all the same.
      if (found.length === 0) hookNamed(project, name);
      return found;
    },
    there: async ({ api }) => {
      const query = {
        limit: Math.min(limit, MOST_CALLS),
        ...(before === undefined ? {} : { cursor: before }),
      };
      return (await ok(api.hooks[':name'].deliveries.$get({ param: { name }, query }))).items;
    },
  });
  if (json) printJson({ name, deliveries });
  else print(deliveries.length === 0 ? `Hook ${name} was not called yet.` : deliveryTable(deliveries));
}

/** What a server tells at once. */
const MOST_CALLS = 500;

export async function retryCalls(name: string, ids: readonly string[], flags: CommonOptions): Promise<void> {
  const retried = await ask(flags, 'write', {
    here: async (project) =>
      retryDeliveries(project, name, ids.length === 0 ? null : ids, await project.actor()),
    there: async ({ api }) => {
      const json = ids.length === 0 ? {} : { deliveries: [...ids] };
      return (await ok(api.hooks[':name'].retry.$post({ param: { name }, json }))).retried;
    },
  });
  if (flags.json === true) printJson({ name, retried });
  else
    print(
      `${retried === 1 ? '1 call' : `${retried} calls`} of hook ${name} ${retried === 1 ? 'waits' : 'wait'} once more: see \`trainyard hooks history ${name}\`.`,
    );
}

/** Calls a hook as its sender would. @throws TrainyardError (provider_unavailable) when that is not taken */
export async function tryHook(name: string, flags: CommonOptions & { url?: string }): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const hook = hookNamed(project, name);
    const secret = secretOf(project, name, hook);
    const url = flags.url ?? defaultUrl(project, name);
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new UsageError(`${url} is no URL.`, {
        hint: 'Give something like https://trainyard.example.com/hooks/pushed.',
      });
    if (SHOWING.includes(hook.sender) && !isLoopback(new URL(url).hostname) && !url.startsWith('https:'))
      throw new UsageError(`A call of hook ${name} shows its secret, and ${url} is not https.`, {
        hint: 'Call it by https, or from the machine of the server.',
      });
    const id = randomUUID();
    const body = pingBody(hook.sender, id);
    const headers = signCall(hook.sender, secret, { id, event: 'ping', body }, project.clock.now());
    const { status, answer } = await call(url, headers, body);
    if (answer.outcome !== 'ignored') {
      const said = answer.detail === undefined ? '' : `: ${answer.detail}`;
      throw new TrainyardError(
        'provider_unavailable',
        `${url} did not take the call of hook ${name}. It answered ${status}${said}`,
        { hint: hintFor(status, answer.hint) },
      );
    }
    if (flags.json === true) printJson({ name, url, status });
    else print(`${url} took the call: the secret is the same here and there.`);
    note('It was a ping, and starts nothing.');
  });
}

function defaultUrl({ config: { server } }: Project, name: string): string {
  const { public_url, host, port } = server;
  const at = host.includes(':') ? `[${host}]` : host;
  return `${public_url ?? `http://${at}:${port}`}/hooks/${name}`;
}

/** What a server says of a ping that it took, and of one that it did not. */
const Answer = z.object({
  outcome: z.string().optional(),
  detail: z.string().max(1000).optional(),
  hint: z.string().max(1000).nullish(),
});

/** Senders that send the secret itself. */
const SHOWING: readonly HookSender[] = ['gitlab', 'azure-devops', 'bearer'];

async function call(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ readonly status: number; readonly answer: z.output<typeof Answer> }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'trainyard', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    });
    const answer = Answer.safeParse(await response.json().catch(() => null));
    return { status: response.status, answer: answer.data ?? {} };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new TrainyardError('provider_unavailable', `${url} cannot be reached: ${messageOf(cause)}.`, {
      hint: 'Start `trainyard serve`, or say with --url where it is called.',
    });
  }
}

function hintFor(status: number, hint: string | null | undefined): string {
  if (status === 401) return 'The server has another secret, or its clock is off by minutes.';
  if (status === 404)
    return 'The server has no such hook: it may serve another project, or an older trainyard.yaml.';
  if (status < 400) return 'Something else than Trainyard answers there.';
  return hint ?? 'Look at the log of the server, and at proxies before it.';
}
