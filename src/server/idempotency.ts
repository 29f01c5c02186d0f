import type { Context, MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Project } from '../app.ts';
import { toIso } from '../kernel/clock.ts';
import { sha256 } from '../kernel/digest.ts';
import { AnsweredError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { AnswersTable, Db, Tx } from '../store/index.ts';
import type { ApiEnv } from './api.ts';
import { problem } from './problem.ts';

/** How long an answer is kept. */
const KEPT_MS = 24 * 3_600_000;
/** How often it is looked for older ones. */
const FORGET_MS = 3_600_000;
/** In characters. A larger answer is kept only by a handler that starts something: the others may be worked on again. */
const LARGEST_KEPT = 256 * 1024;
const HEADER = 'idempotency-key';

/** The key that a request came with. */
export interface Once {
  /**
   * Looked at in the transaction, before anything is written: another process of the project may have done the same request
   * meanwhile. @throws AnsweredError where it did; whoever asked gets its answer
   */
  unanswered(tx: Tx): Promise<void>;
  /** Keeps the answer in the transaction of the change that it tells of: then neither is there without the other. */
  keep(tx: Tx, status: number, body: unknown): Promise<void>;
}

/**
 * A POST with an `Idempotency-Key` does its work once: whoever asks again with the same key and body, because the first
 * answer was lost, gets that answer, with `idempotency-replayed: true`. Refusals are not kept: asking again may go well.
 * An answer that no handler kept by itself is kept after the work; where a process dies between the two, the work is asked
 * for again, which is harmless for everything but a start.
 */
export function idempotent({ store, clock }: Pick<Project, 'store' | 'clock'>): MiddlewareHandler<ApiEnv> {
  /** Requests under way in this process, by all that makes one the same as another. */
  const underWay = new Set<string>();
  return async (c, next) => {
    const key = c.req.header(HEADER);
    if (c.req.method !== 'POST' || key === undefined) return next();
    // Where no route is, nobody was asked who they are.
    if (c.get('role') === undefined) return next();
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      return refused(c, 400, 'The Idempotency-Key is no key: 1 to 255 characters of ASCII without blanks.');
    const actor = c.get('actor');
    const about = { caller: `${actor.identity} ${actor.name}`, route: `POST ${c.req.path}`, key };
    const digest = sha256(await c.req.text());
    const id = JSON.stringify(about);
    if (underWay.has(id)) return refused(c, 409, 'A request with this Idempotency-Key is being worked on.');
    underWay.add(id);
    try {
      const known = await find(store.db, clock.now(), about);
      if (known !== null) return replayed(c, known, digest);
      let kept = false;
      const elsewhere: { answer: Kept | null } = { answer: null };
      const once: Once = {
        unanswered: async (tx) => {
          elsewhere.answer = await find(tx, clock.now(), about);
          if (elsewhere.answer !== null)
            throw new AnsweredError('Another process has answered a request with this Idempotency-Key.');
        },
        keep: async (tx, status, body) => {
          await once.unanswered(tx);
          await write(tx, clock.now(), {
            ...about,
            request_digest: digest,
            status,
            body: JSON.stringify(body),
          });
          kept = true;
        },
      };
      c.set('once', once);
      await next();
      const body = kept ? null : await bodyToKeep(c.res);
      if (body !== null)
        await store
          .tx((tx) => once.keep(tx, c.res.status, JSON.parse(body)))
          .catch((error: unknown) => {
            if (!(error instanceof AnsweredError)) throw error;
          });
      if (elsewhere.answer === null) return undefined;
      // What stands there now, a problem mostly, is not what came of the request.
      c.res = undefined;
      c.res = replayed(c, elsewhere.answer, digest);
      return undefined;
    } finally {
      underWay.delete(id);
    }
  };
}

/**
 * Writes something that must not be there twice, together with the answer that tells of it.
 * Use it as `const run = await writeOnce(c, project, write, (run) => ({ status: 202, body: runRow(run) }))`.
 */
export async function writeOnce<T>(
  c: Context<ApiEnv>,
  { store, world }: Pick<Project, 'store' | 'world'>,
  write: (tx: Tx) => Promise<T>,
  answer: (written: T) => { readonly status: number; readonly body: unknown },
): Promise<T> {
  world.faultPoint('once.prepared');
  const made = await store.tx(async (tx) => {
    const once = c.get('once');
    await once?.unanswered(tx);
    const written = await write(tx);
    const { status, body } = answer(written);
    await once?.keep(tx, status, body);
    world.faultPoint('once.written');
    return written;
  });
  world.faultPoint('once.kept');
  return made;
}

/** Removes answers that are no longer kept, also where no request comes that would. */
export async function forgetAnswers(
  { store, clock }: Pick<Project, 'store' | 'clock'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await forget(store.db, clock.now());
    } catch (error) {
      log.warn({ error }, `Old answers cannot be removed: ${messageOf(error)}`);
    }
    await clock.sleep(FORGET_MS, signal);
  }
}

/** The body of an answer that went well, where it is to be kept. */
async function bodyToKeep(answer: Response): Promise<string | null> {
  const { headers } = answer;
  if (!answer.ok || headers.get('content-type')?.startsWith('application/json') !== true) return null;
  // What is told this once is kept nowhere.
  if (headers.get('cache-control')?.includes('no-store') === true) return null;
  const body = await answer.clone().text();
  return body.length > LARGEST_KEPT ? null : body;
}

function replayed(c: Context<ApiEnv>, known: Kept, digest: string): Response {
  if (known.request_digest !== digest)
    return refused(c, 422, 'This Idempotency-Key stands for another request: its body was different.');
  return c.body(known.body, known.status as ContentfulStatusCode, {
    'content-type': 'application/json',
    'idempotency-replayed': 'true',
  });
}

type Kept = Pick<AnswersTable, 'request_digest' | 'status' | 'body'>;

interface About {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

async function find(db: Db, now: number, { caller, route, key }: About): Promise<Kept | null> {
  const row = await db
    .selectFrom('answers')
    .select(['request_digest', 'status', 'body'])
    .where('caller', '=', caller)
    .where('route', '=', route)
    .where('key', '=', key)
    .where('created_at', '>', toIso(now - KEPT_MS))
    .executeTakeFirst();
  return row ?? null;
}

async function write(
  tx: Tx,
  now: number,
  answer: About & { readonly request_digest: string; readonly status: number; readonly body: string },
): Promise<void> {
  await forget(tx, now);
  await tx
    .insertInto('answers')
    .values({ ...answer, created_at: toIso(now) })
    .execute();
}

const forget = (db: Db, now: number): Promise<unknown> =>
  db
    .deleteFrom('answers')
    .where('created_at', '<=', toIso(now - KEPT_MS))
    .execute();

const refused = (c: Context<ApiEnv>, status: 400 | 409 | 422, detail: string): Response =>
  problem(c, {
    status,
    title: status === 409 ? 'In conflict with how things are' : 'The request makes no sense',
    code: status === 409 ? 'conflict' : 'usage',
    detail,
    hint:
      status === 409 ? 'Ask again in a moment, with the same key.' : 'Take a new key for each new request.',
    problems: [],
  });
