import { hasActiveToken } from '../../access/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { isLoopback } from '../../kernel/loopback.ts';
import type { ApiContext } from '../api.ts';
import { localUserMay } from './access.ts';
import { clientSecret } from './provider.ts';

/**
 * A server that others reach has to know who they are, and one that nobody could sign in to is of no use.
 * @throws UsageError that says what to type
 */
export async function refuseIfUnguarded(
  context: ApiContext & { readonly listening: { readonly host: string } },
): Promise<void> {
  const { host } = context.listening;
  const { config, store, clock, env } = context.project;
  const { oidc, public_url } = config.server;
  if (oidc !== null && public_url === null && !isLoopback(host))
    throw new UsageError(`Sign-in would not find back: nothing says how people reach ${host}.`, {
      hint: 'Write `server.public_url: https://…` in trainyard.yaml, the address that the provider sends people back to.',
    });
  if (oidc !== null) clientSecret(oidc, env);
  if (oidc !== null || localUserMay(context) || (await hasActiveToken(store.db, clock.now()))) return;
  throw new UsageError(
    isLoopback(host)
      ? 'trainyard.yaml wants everybody to sign in (server.require_sign_in or server.public_url), and nobody could.'
      : `Others reach ${host}, and nothing tells them apart: there is no token and no sign-in.`,
    {
      hint: `Make a token first: trainyard tokens create NAME --role admin. For people write server.oidc in trainyard.yaml.${isLoopback(host) ? '' : ' For this machine alone: --host 127.0.0.1.'}`,
    },
  );
}
