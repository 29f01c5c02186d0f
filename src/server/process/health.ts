import { Hono } from 'hono';
import type { Context } from 'hono';
import { messageOf } from '../../kernel/errors.ts';
import { schemaState } from '../../store/index.ts';
import type { ApiContext, ApiEnv } from '../api.ts';

/** One thing that a server needs to be of use. Anybody may read it: it names no path, person or secret. */
interface Readiness {
  readonly name: 'store' | 'schema' | 'runs' | 'process';
  readonly ok: boolean;
  readonly message: string;
}

const FRESH = { 'cache-control': 'no-store' } as const;

/**
 * `/healthz`: the process answers. `/readyz`: it is of use, with 503 and why where it is not. `/metrics`: for Prometheus;
 * that one needs a viewer.
 */
export function health(context: ApiContext): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, FRESH));
  app.get('/readyz', async (c) => {
    const checks = await readiness(context);
    const ready = checks.every((check) => check.ok);
    return c.json({ status: ready ? 'ready' : 'not ready', checks }, ready ? 200 : 503, FRESH);
  });
  app.get('/metrics', async (c) => metricsOf(context, c));
  return app;
}

async function metricsOf({ process }: ApiContext, c: Context<ApiEnv>): Promise<Response> {
  if (process === undefined) return c.notFound();
  const { type, body } = await process.metrics.text();
  return c.body(body, 200, { ...FRESH, 'content-type': type });
}

async function readiness(context: ApiContext): Promise<Readiness[]> {
  return [...(await storeReadiness(context)), ...processReadiness(context)];
}

async function storeReadiness({ project, process }: ApiContext): Promise<Readiness[]> {
  try {
    const schema = await schemaState(project.store);
    const message = {
      current: 'The store is as this Trainyard knows it.',
      older: 'The store is older than this Trainyard and was not brought up to date.',
      newer: 'A newer Trainyard has changed the store: this server has to be updated and started anew.',
    }[schema];
    return [
      { name: 'store', ok: true, message: 'The store answers.' },
      { name: 'schema', ok: schema === 'current', message },
    ];
  } catch (error) {
    process?.log.error({ error }, `Not ready, the store does not answer: ${messageOf(error)}`);
    return [{ name: 'store', ok: false, message: 'The store does not answer; the log says why.' }];
  }
}

function processReadiness({ process }: ApiContext): Readiness[] {
  if (process === undefined) return [];
  const { drives, elsewhere, trouble } = process.driving();
  const ending = process.ending.aborted;
  const runs = drives
    ? 'This server advances the runs.'
    : trouble !== null
      ? 'Something keeps the runs from being advanced here; the log says what.'
      : elsewhere === null
        ? 'Nobody advances the runs yet.'
        : `Another process advances the runs (trainyard ${elsewhere}).`;
  return [
    { name: 'runs', ok: drives || (trouble === null && elsewhere !== null), message: runs },
    ...(ending ? [{ name: 'process' as const, ok: false, message: 'The server is about to end.' }] : []),
  ];
}
