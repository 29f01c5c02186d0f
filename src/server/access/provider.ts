import type { Configuration } from 'openid-client';
import { z } from 'zod';
import type { OidcSettings } from '../../config/index.ts';
import type { Person } from '../../access/index.ts';
import { isReservedName } from '../../kernel/actor.ts';
import { NotAllowedError, ProviderError, UsageError, messageOf } from '../../kernel/errors.ts';
import { resolveSecrets } from '../../kernel/redact.ts';

type Client = typeof import('openid-client');

/** What a sign-in has to be ended with, as it was begun. */
export interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirect_uri: string;
}

/** The provider of sign-in: code flow with PKCE, state and nonce. */
export interface SignInProvider {
  /** Where to send the browser. @throws ProviderError while the provider is away */
  begin(redirect_uri: string): Promise<{ readonly url: string; readonly begun: Begun }>;
  /**
   * The person that the provider vouches for, in exchange for what it sent the browser back with.
   * @throws NotAllowedError when it does not, or not in a way that can be trusted
   */
  finish(begun: Begun, query: string): Promise<Person>;
}

const PATIENCE_S = 10;

/** Nothing of it is loaded, and the provider not asked, before somebody signs in. */
export function signInProvider(
  settings: OidcSettings,
  env: Readonly<Record<string, string | undefined>>,
): SignInProvider {
  let known: Promise<readonly [Client, Configuration]> | null = null;
  const configuration = (): Promise<readonly [Client, Configuration]> => {
    const asked = (known ??= discover(settings, env));
    asked.catch(() => {
      if (known === asked) known = null;
    });
    return asked;
  };
  return {
    begin: async (redirect_uri) => {
      const [client, config] = await configuration();
      const begun: Begun = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
        redirect_uri,
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri,
        scope: settings.scopes.join(' '),
        state: begun.state,
        nonce: begun.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, begun };
    },
    finish: async (begun, query) => {
      const [client, config] = await configuration();
      try {
        const tokens = await client.authorizationCodeGrant(config, new URL(`${begun.redirect_uri}${query}`), {
          pkceCodeVerifier: begun.verifier,
          expectedState: begun.state,
          expectedNonce: begun.nonce,
          idTokenExpected: true,
        });
        const identity = tokens.claims();
        if (identity === undefined) throw new NotAllowedError('The provider sent no ID token.');
        const more =
          config.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await client.fetchUserInfo(config, tokens.access_token, identity.sub);
        return personOf(settings, { ...more, ...identity });
      } catch (error) {
        throw signInError(client, settings, error);
      }
    },
  };
}

async function discover(
  settings: OidcSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly [Client, Configuration]> {
  const secret = clientSecret(settings, env);
  const client = await import('openid-client');
  const insecure = settings.issuer.startsWith('http:') ? [client.allowInsecureRequests] : [];
  const found = await client
    .discovery(new URL(settings.issuer), settings.client_id, undefined, client.None(), {
      execute: insecure,
      timeout: PATIENCE_S,
    })
    .catch((error: unknown) => {
      throw signInError(client, settings, error);
    });
  const metadata = found.serverMetadata();
  const takes = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const config = new client.Configuration(
    metadata,
    settings.client_id,
    { [client.clockTolerance]: 10 },
    secret === null
      ? client.None()
      : takes.includes('client_secret_basic')
        ? client.ClientSecretBasic(secret)
        : client.ClientSecretPost(secret),
  );
  config.timeout = PATIENCE_S;
  for (const allow of insecure) allow(config);
  // Signatures are looked at even where TLS says who answers: a proxy may stand in between.
  client.enableNonRepudiationChecks(config);
  return [client, config];
}

/** @throws UsageError where the variable is not set */
export function clientSecret(
  { client_secret }: Pick<OidcSettings, 'client_secret'>,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (client_secret === null) return null;
  const { value, missing } = resolveSecrets(client_secret, env);
  if (missing.length === 0 && value !== '') return value;
  throw new UsageError(
    `Nobody can sign in: server.oidc.client_secret refers to ${client_secret}, which is not set.`,
    {
      hint: 'Set the environment variable, and start again.',
    },
  );
}

const Groups = z.union([z.array(z.unknown()), z.string()]).catch([]);

function personOf(settings: OidcSettings, claims: Readonly<Record<string, unknown>>): Person {
  const name = claims[settings.name_claim];
  if (typeof name !== 'string' || name.trim() === '' || name.length > 254 || /[\p{Cc}\p{Cf}]/u.test(name))
    throw new NotAllowedError(`The provider gives no name: the claim ${settings.name_claim} is missing.`, {
      hint: 'Name another claim under server.oidc.name_claim, or ask for a scope that brings it.',
    });
  const verified = claims['email_verified'];
  if (settings.name_claim === 'email' && verified !== undefined && verified !== true && verified !== 'true')
    throw new NotAllowedError(`The provider has not verified the e-mail address ${name}.`, {
      hint: 'Verify it there, then sign in again.',
    });
  if (isReservedName(name.trim()))
    throw new NotAllowedError(`Nobody can be called ${name}: Trainyard itself acts under such names.`, {
      hint: 'Name another claim under server.oidc.name_claim.',
    });
  const given = settings.groups_claim === null ? [] : Groups.parse(claims[settings.groups_claim]);
  const groups = (typeof given === 'string' ? [given] : given).filter((g) => typeof g === 'string');
  return { name: name.trim(), issuer: settings.issuer, groups: groups.slice(0, 1000) };
}

/** What went wrong, without anything that a provider or a stranger may have written at length. */
function signInError(client: Client, { issuer }: OidcSettings, error: unknown): Error {
  if (error instanceof NotAllowedError || error instanceof UsageError) return error;
  const again = {
    hint: 'Sign in again; if it goes on, look at server.oidc in trainyard.yaml.',
    cause: error,
  };
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    const code = /^[\w.-]{1,60}$/.test(error.error) ? error.error : 'an error';
    return new NotAllowedError(`The provider says ${code}.`, again);
  }
  if (error instanceof client.ClientError && !isAway(error))
    return new NotAllowedError(`The answer of the provider does not fit (${reason(error)}).`, again);
  return new ProviderError(
    'oidc',
    `The sign-in provider ${issuer} does not answer as one (${reason(error)}).`,
    {
      retryable: true,
      hint: 'Look whether it is up, and whether server.oidc.issuer is right.',
      cause: error,
    },
  );
}

/** Its HTTP answers are no OpenID Connect at all, or it timed out. */
const isAway = (error: Error & { readonly code?: string | undefined }): boolean =>
  /TIMEOUT|RESPONSE_IS_NOT|HTTP_REQUEST_FORBIDDEN/.test(error.code ?? '');

const reason = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  return `${messageOf(error)}${cause instanceof Error ? `: ${messageOf(cause)}` : ''}`.slice(0, 200);
};
