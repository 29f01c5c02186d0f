import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import type { Adapter, AdapterPayload, Configuration } from 'oidc-provider';

/** What a provider says of somebody. */
export type Claims = Readonly<Record<string, unknown>>;

/** A real OpenID provider on loopback. Whoever comes is signed in as `as` without being asked. */
export interface TestOidc extends AsyncDisposable {
  readonly issuer: string;
  /** Who signs in next: their subject, and what is said of them; null: they turn back. */
  as: { readonly sub: string; readonly claims: Claims } | null;
}

export const CLIENT = { id: 'trainyard', secret: 'a secret of the test client' } as const;

/** @param callback where it may send people back to */
export async function testOidc(callback: string): Promise<TestOidc> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://localhost:${port}`;
  const oidc: TestOidc = {
    issuer,
    as: { sub: 'ada', claims: { email: 'ada@x', email_verified: true } },
    [Symbol.asyncDispose]: () => closed(server),
  };
  const provider = new Provider(issuer, configuration(callback, oidc));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') === true) void interact(provider, oidc, request, response);
    else void answer(request, response);
  });
  return oidc;
}

function configuration(callback: string, oidc: TestOidc): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [callback],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
    cookies: { keys: ['of the test provider'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => Promise.resolve({ ...oidc.as?.claims, sub }),
    }),
    // Nobody is asked what this client may know: it is the house's own.
    loadExistingGrant: async (ctx) => {
      const { client, session, provider, params } = ctx.oidc;
      const grant = new provider.Grant({
        ...(client === undefined ? {} : { clientId: client.clientId }),
        ...(session?.accountId === undefined ? {} : { accountId: session.accountId }),
      });
      grant.addOIDCScope(String(params?.['scope'] ?? 'openid'));
      await grant.save();
      return grant;
    },
    adapter: MemoryAdapter,
  };
}

const shelves = new Map<string, AdapterPayload>();

/** What the provider remembers; the one that it brings along warns at every start. */
class MemoryAdapter implements Adapter {
  readonly #kind: string;

  constructor(kind: string) {
    this.#kind = kind;
  }

  #key = (id: string): string => `${this.#kind} ${id}`;

  upsert = async (id: string, payload: AdapterPayload): Promise<void> =>
    void shelves.set(this.#key(id), payload);
  find = async (id: string): Promise<AdapterPayload | undefined> => shelves.get(this.#key(id));
  findByUid = async (uid: string): Promise<AdapterPayload | undefined> =>
    [...shelves].find(([key, { uid: of }]) => key.startsWith(`${this.#kind} `) && of === uid)?.[1];
  findByUserCode = async (): Promise<undefined> => undefined;
  destroy = async (id: string): Promise<void> => void shelves.delete(this.#key(id));
  consume = async (id: string): Promise<void> => {
    const payload = shelves.get(this.#key(id));
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
  };
  revokeByGrantId = async (grant: string): Promise<void> => {
    for (const [key, { grantId }] of shelves) if (grantId === grant) shelves.delete(key);
  };
}

async function interact(
  provider: Provider,
  oidc: TestOidc,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await provider.interactionFinished(
    request,
    response,
    oidc.as === null ? { error: 'access_denied' } : { login: { accountId: oidc.as.sub, remember: false } },
    { mergeWithLastSubmission: false },
  );
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** As much of a browser as signing in needs: cookies by host and port, redirects one by one. */
export class TestBrowser {
  readonly cookies = new Map<string, Map<string, string>>();

  /** One request; where it leads next is up to the caller. */
  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, jar);
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...init.headers,
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const gone = attributes.some((a) => /^max-age=0$/i.test(a) || /^expires=Thu, 01 Jan 1970/i.test(a));
      if (gone) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects while they lead to `within`; the last URL, asked or not, and the last response. */
  async follow(url: string, within: (url: string) => boolean): Promise<{ url: string; response: Response }> {
    let at = url;
    let response = await this.open(at);
    for (let i = 0; i < 20; i++) {
      const to = response.headers.get('location');
      if (to === null) break;
      at = new URL(to, at).href;
      if (!within(at)) break;
      response = await this.open(at);
    }
    return { url: at, response };
  }
}
