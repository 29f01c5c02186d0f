import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { hookNamed, takeDelivery } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { TrainyardError, UsageError } from '../kernel/errors.ts';
import { peerOf } from './access/peer.ts';
import { rateLimit } from './access/rate-limit.ts';
import { refuse, tooMany } from './access/refusals.ts';
import type { RecordRefusal } from './access/refusals.ts';
import type { ApiContext, ApiEnv } from './api.ts';
import { problem } from './problem.ts';

/** A push of two thousand commits is about as large. */
const LARGEST_CALL = 5 << 20;
/** Bodies are kept until it is known whether they are genuine: no more than so many at once. */
const MOST_AT_ONCE = 20;

/** True for what other systems call: they show a signature instead of a token. */
export const isHookCall = (path: string): boolean => path.startsWith('/hooks/');

/**
 * `POST /hooks/NAME`: other systems say that something happened. A call is taken when it is genuine, and answered at once;
 * what it starts comes after. Whoever is not known is told nothing of the project.
 */
export function incomingHooks(
  app: OpenAPIHono<ApiEnv>,
  { project, process }: ApiContext,
  record: RecordRefusal,
): void {
  const forgeries = rateLimit(project.clock, { burst: 10, every_ms: 6000 });
  let reading = 0;

  app.use(
    '/hooks/*',
    bodyLimit({
      maxSize: LARGEST_CALL,
      onError: (c) => {
        c.header('connection', 'close');
        return refuse(c, 413, 'usage', 'The body is larger than 5 MiB.', 'Have less sent, or fewer events.');
      },
    }),
  );

  app.post('/hooks/:name', async (c) => {
    const name = c.req.param('name');
    const hook = known(project, name);
    if (hook === null) return unknown(c);
    if (reading >= MOST_AT_ONCE) {
      c.header('retry-after', '1');
      return problem(c, {
        status: 503,
        title: 'Too much at once',
        code: 'interrupted',
        detail: `${reading} calls are being read already.`,
        hint: 'Send it again in a second.',
        problems: [],
      });
    }
    reading++;
    try {
      const body = new Uint8Array(await c.req.arrayBuffer());
      const call = { header: (header: string) => c.req.header(header), body };
      const taken = await takeDelivery(project, name, hook, call);
      if (taken.kind === 'forged') return await refuseForged(c, name, taken.why);
      const { id, outcome, message } = taken.delivery;
      const done = taken.again || outcome === 'ignored';
      // Why something failed is for those who may read here; whoever calls learns that it did.
      const told = { delivery: id, outcome, again: taken.again };
      return c.json(outcome === 'ignored' ? { ...told, message } : told, done ? 200 : 202);
    } catch (error) {
      if (error instanceof UsageError) return refuse(c, 400, error.code, error.message, error.hint ?? null);
      if (!(error instanceof TrainyardError) || error.code !== 'provider_unavailable') throw error;
      process?.log.error({ error }, error.message);
      return problem(c, {
        status: 503,
        title: 'Not ready',
        code: error.code,
        detail: `Hook ${name} cannot tell what is genuine: this server has no secret for it.`,
        hint: 'Whoever runs the server finds more in its log.',
        problems: [],
      });
    } finally {
      reading--;
    }
  });

  app.all('/hooks/:name', (c) => {
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

  async function refuseForged(c: Context<ApiEnv>, name: string, why: string): Promise<Response> {
    const { address } = peerOf(c);
    // Only what is not genuine is counted: nobody can keep a sender out by forging its calls.
    const wait_ms = forgeries.take(address);
    await record(address, {
      type: 'hook.refused',
      message: `A call of hook ${name} that came from ${address} was refused: ${why}`,
      data: { hook: name, address },
    });
    if (wait_ms > 0) return tooMany(c, wait_ms, 'calls that are not genuine');
    return refuse(
      c,
      401,
      'unauthenticated',
      `The call is not taken: ${why}.`,
      `\`trainyard hooks\` says how hook ${name} is to be called.`,
    );
  }
}

/** Null: there is no such hook, or it takes nothing. */
function known(project: Project, name: string) {
  if (!Object.hasOwn(project.settings.hooks, name)) return null;
  const hook = hookNamed(project, name);
  return hook.enabled ? hook : null;
}

/** Which hooks there are is nothing that strangers are told. */
const unknown = (c: Context): Response =>
  refuse(c, 404, 'not_found', 'There is no such hook.', 'Hooks stand in trainyard.yaml under `hooks:`.');
