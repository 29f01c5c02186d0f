import { Hono } from 'hono';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { beginSession, endSession, openingKeys, sealingKey, tokenOf } from '../../access/index.ts';
import type { Person, Token } from '../../access/index.ts';
import { NotAllowedError, TrainyardError } from '../../kernel/errors.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { problemResponse } from '../problem.ts';
import { localUserMay } from './access.ts';
import { readCookie, writeCookie } from './cookies.ts';
import { overWith } from './credentials.ts';
import { isOwnHost, originOf } from './origin.ts';
import { signInProvider } from './provider.ts';
import { rateLimit } from './rate-limit.ts';
import { refuse, tooMany } from './refusals.ts';
import type { RecordRefusal } from './refusals.ts';
import { returnTo } from './return-to.ts';
import { seal, unseal } from './sealed.ts';

/** A sign-in that was begun waits so long for the person. */
const WAITS_S = 600;

const Waiting = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  redirect_uri: z.string(),
  return_to: z.string(),
  until: z.number(),
});

/** Signing in and out, under `/auth`. What a browser keeps between the two halves of a sign-in is sealed. */
export function signIn(context: ApiContext, record: RecordRefusal): Hono<ApiEnv> {
  const { project } = context;
  const { store, clock, config, env } = project;
  const { server } = config;
  const provider = server.oidc === null ? null : signInProvider(server.oidc, env);
  // People mistype; programs that try do not get far.
  const tries = rateLimit(clock, { burst: 20, every_ms: 3000 });

  const welcome = async (c: Context<ApiEnv>, who: Person | Token): Promise<void> => {
    const now = clock.now();
    const session = await beginSession(store, now, who, readCookie(c, server, 'session'));
    writeCookie(c, server, 'session', session.secret, (Date.parse(session.expires_at) - now) / 1000);
  };
  const refused = async (c: Context<ApiEnv>, error: unknown): Promise<Response> => {
    const { address } = c.get('peer');
    if (error instanceof NotAllowedError)
      await record(address, {
        type: 'access.refused',
        message: `A sign-in from ${address} was refused: ${error.message}`,
        data: { address },
      });
    return failurePage(c, error);
  };

  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    const early_ms = c.req.path === '/auth/methods' ? 0 : tries.take(c.get('peer').address);
    return early_ms > 0 ? tooMany(c, early_ms, 'attempts to sign in') : next();
  });

  app.get('/methods', (c) =>
    c.json({
      local: localUserMay(context) && c.get('peer').local,
      /** Whom one signs in with, by name. */
      oidc: server.oidc === null ? null : { host: new URL(server.oidc.issuer).host },
      token: true,
    }),
  );

  app.get('/login', async (c) => {
    if (provider === null) return noProvider(c);
    const { host, port } = c.get('peer');
    if (server.public_url === null && !isOwnHost(host, port))
      return refuse(c, 403, 'wrong_host', `This server does not know itself as ${host.slice(0, 100)}.`, null);
    try {
      const base = server.public_url ?? `http://${host}`;
      const { url, begun } = await provider.begin(`${base}/auth/callback`);
      const waiting: z.infer<typeof Waiting> = {
        ...begun,
        return_to: returnTo(c.req.query('return_to')),
        until: clock.now() + WAITS_S * 1000,
      };
      const key = await sealingKey(store, clock.now());
      writeCookie(c, server, 'sign_in', seal(key, JSON.stringify(waiting)), WAITS_S);
      return c.redirect(url, 302);
    } catch (error) {
      return refused(c, error);
    }
  });

  app.get('/callback', async (c) => {
    if (provider === null) return noProvider(c);
    const cookie = readCookie(c, server, 'sign_in');
    writeCookie(c, server, 'sign_in', null, 0);
    try {
      const text = cookie === null ? null : unseal(await openingKeys(store.db, clock.now()), cookie);
      // Another version may have begun it.
      const waiting = text === null ? undefined : Waiting.safeParse(JSON.parse(text)).data;
      if (waiting === undefined || waiting.until <= clock.now())
        throw new NotAllowedError(
          'No sign-in waits for this in your browser: it took too long, or was begun elsewhere.',
          {
            hint: 'Sign in again.',
          },
        );
      await welcome(c, await provider.finish(waiting, new URL(c.req.url).search));
      return c.redirect(waiting.return_to, 302);
    } catch (error) {
      return refused(c, error);
    }
  });

  app.post('/token', async (c) => {
    if (originOf(c.req, c.get('peer'), server.public_url) !== 'same') return crossSite(c);
    const given = z
      .strictObject({ token: z.string().max(200) })
      .safeParse(await c.req.json().catch(() => null));
    if (!given.success) return refuse(c, 400, 'usage', 'A body such as {"token": "ty_…"} is expected.', null);
    const token = await tokenOf(store.db, clock.now(), given.data.token.trim());
    const over = token === null ? null : overWith(token);
    if (token !== null && over === null) {
      await welcome(c, token);
      return c.body(null, 204);
    }
    const why = over?.detail ?? 'The token is not known here.';
    const { address } = c.get('peer');
    await record(address, {
      type: 'access.refused',
      message: `A sign-in from ${address} was refused: ${why}`,
      data: { address, token: over?.token ?? null },
    });
    return refuse(c, 401, 'unauthenticated', why, over?.hint ?? null);
  });

  app.post('/logout', async (c) => {
    if (originOf(c.req, c.get('peer'), server.public_url) !== 'same') return crossSite(c);
    const cookie = readCookie(c, server, 'session');
    if (cookie !== null) await endSession(store, clock.now(), cookie);
    writeCookie(c, server, 'session', null, 0);
    return c.body(null, 204);
  });
  return app;
}

const noProvider = (c: Context): Response =>
  refuse(c, 404, 'not_found', 'No sign-in is configured here.', 'Write `server.oidc` in trainyard.yaml.');

const crossSite = (c: Context): Response =>
  refuse(
    c,
    403,
    'cross_site',
    'Only a page of this server may ask this.',
    'Open the server itself in the browser.',
  );

/** A person looks at this one, in the middle of a sign-in. */
async function failurePage(c: Context, error: unknown): Promise<Response> {
  const response = problemResponse(c, error);
  if (!(c.req.header('accept') ?? '').includes('text/html')) return response;
  const told = error instanceof TrainyardError && error.code !== 'unexpected';
  c.status(response.status === 503 ? 503 : response.status === 500 ? 500 : 403);
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>Not signed in · Trainyard</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/plain.css" />
          <script src="/theme.js"></script>
        </head>
        <body>
          <main>
            <h1>Not signed in</h1>
            <p>
              ${told ? error.message : 'The server met an error that it did not expect; its log says more.'}
            </p>
            <p class="hint">${told ? (error.hint ?? '') : ''}</p>
            <p><a href="/sign-in">Sign in again</a></p>
          </main>
        </body>
      </html>`,
  );
}
