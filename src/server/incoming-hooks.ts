import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { hookNamed, secretOf, takeDelivery } from '../actions/index.ts';
import type { Taken } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { verifyHeaders } from '../hooks/index.ts';
import { TrainyardError, UsageError } from '../kernel/errors.ts';
import { householdOf } from '../kernel/networks.ts';
import { rateLimit } from './access/rate-limit.ts';
import { refuse, tooMany } from './access/refusals.ts';
import type { RecordRefusal } from './access/refusals.ts';
import type { ApiContext, ApiEnv } from './api.ts';
import { bodyReader } from './incoming-body.ts';
import type { BodyLimits, ReadBody } from './incoming-body.ts';
import { problem } from './problem.ts';

/** A push of two thousand commits is a few MiB. */
const LIMITS: BodyLimits = {
  most: 5 << 20,
  most_together: 64 << 20,
  most_at_once: 200,
  most_of_one: 10,
  limit_ms: 15_000,
};

/** True for what other systems call: they show that they know a secret instead of a token. */
export const isHookCall = (path: string): boolean => path.startsWith('/hooks/');

/**
 * `POST /hooks/NAME`: other systems say that something happened. A call is taken when it is genuine, and answered at once;
 * what it starts comes after. Nothing is read of a call whose headers alone cannot be right, and whoever is not known
 * learns no more than which hooks there are.
 */
export function incomingHooks(
  app: OpenAPIHono<ApiEnv>,
  { project, process }: ApiContext,
  record: RecordRefusal,
): void {
  const forgeries = rateLimit(project.clock, { burst: 10, every_ms: 6000 });
  const complaints = rateLimit(project.clock, { burst: 1, every_ms: 60_000 });
  const bodies = bodyReader(project.clock, LIMITS);

  app.post('/hooks/:name', async (c) => {
    const name = c.req.param('name');
    const hook = known(project, name);
    if (hook === null) return unknown(c);
    const header = (wanted: string): string | undefined => c.req.header(wanted);
    try {
      const early = verifyHeaders(hook.sender, header, secretOf(project, name, hook));
      if (early !== null) return await refuseForged(c, name, early);
      const announced = Number(header('content-length') ?? Number.NaN);
      const { address } = c.get('peer');
      const read = await bodies.read(
        householdOf(address),
        Number.isNaN(announced) ? null : announced,
        c.req.raw.body,
      );
      if (read.kind !== 'read') return refuseBody(c, read.kind);
      const taken = await takeDelivery(project, name, hook, { header, body: read.body });
      return taken.kind === 'forged' ? await refuseForged(c, name, taken) : answer(c, taken);
    } catch (error) {
      if (error instanceof UsageError) return refuse(c, 400, error.code, error.message, error.hint ?? null);
      if (!(error instanceof TrainyardError) || error.code !== 'provider_unavailable') throw error;
      if (complaints.take(name) === 0)
        process?.log.error({ hook: name }, `${error.message} ${error.hint ?? ''}`);
      return unavailable(
        c,
        `Hook ${name} cannot tell what is genuine.`,
        'Whoever runs the server finds more in its log.',
      );
    }
  });

  app.all('/hooks/:name', (c) => {
    if (known(project, c.req.param('name')) === null) return unknown(c);
    c.header('allow', 'POST');
    return problem(c, {
      status: 405,
      title: 'Not how it is called',
      code: 'usage',
      detail: 'A hook is called with POST.',
      hint: 'See docs/hooks.md for what a call looks like.',
      problems: [],
    });
  });

  async function refuseForged(
    c: Context<ApiEnv>,
    name: string,
    { why, told }: Extract<Taken, { kind: 'forged' }>,
  ): Promise<Response> {
    const { address } = c.get('peer');
    // Only what is not genuine is counted: nobody can keep a sender out by forging its calls.
    const wait_ms = forgeries.take(householdOf(address));
    await record(address, {
      type: 'hook.refused',
      message: `A call of hook ${name} that came from ${address} was refused: ${why}`,
      data: { hook: name, address },
    });
    // The rest of it is not read, so nothing can follow on this connection.
    c.header('connection', 'close');
    if (wait_ms > 0) return tooMany(c, wait_ms, 'calls that are not genuine');
    return refuse(
      c,
      401,
      'unauthenticated',
      `The call is not taken: ${told}.`,
      'See docs/hooks.md; the record says more.',
    );
  }
}

/** Why something failed is for those who may read here; whoever calls learns that it did. */
function answer(c: Context<ApiEnv>, { delivery, again }: Extract<Taken, { kind: 'taken' }>): Response {
  const { id, outcome, message } = delivery;
  const told = { delivery: id, outcome, again };
  return c.json(
    outcome === 'ignored' ? { ...told, message } : told,
    again || outcome === 'ignored' ? 200 : 202,
  );
}

function refuseBody(c: Context<ApiEnv>, kind: Exclude<ReadBody['kind'], 'read'>): Response {
  c.header('connection', 'close');
  switch (kind) {
    case 'too_large':
      return refuse(c, 413, 'usage', 'The body is larger than 5 MiB.', 'Have less sent, or fewer events.');
    case 'too_slow':
      return problem(c, {
        status: 408,
        title: 'Too slow',
        code: 'usage',
        detail: `The body did not come within ${LIMITS.limit_ms / 1000} s.`,
        hint: 'Send it again.',
        problems: [],
      });
    case 'busy':
      c.header('retry-after', '1');
      return unavailable(c, 'Too many calls are being read already.', 'Send it again in a second.');
  }
}

const unavailable = (c: Context<ApiEnv>, detail: string, hint: string): Response =>
  problem(c, { status: 503, title: 'Not now', code: 'provider_unavailable', detail, hint, problems: [] });

const unknown = (c: Context): Response =>
  refuse(c, 404, 'not_found', 'There is no such hook.', 'Hooks stand in trainyard.yaml under `hooks:`.');

/** Null: there is no such hook, or it takes nothing. */
function known(project: Project, name: string) {
  if (!Object.hasOwn(project.settings.hooks, name)) return null;
  const hook = hookNamed(project, name);
  return hook.enabled ? hook : null;
}
