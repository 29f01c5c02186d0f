import { hasActiveToken } from '../../access/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { isLoopback } from '../../kernel/loopback.ts';
import type { ApiContext } from '../api.ts';
import { localUserMay } from './access.ts';

/**
 * A server that others reach has to know who they are, and one that nobody could sign in to is of no use.
 * @throws UsageError that says what to type
 */
export async function refuseIfUnguarded(
  context: ApiContext & { readonly listening: { readonly address: string } },
): Promise<void> {
  const { address } = context.listening;
  const { config, store, clock } = context.project;
  const { oidc, public_url } = config.server;
  if (oidc !== null && public_url === null && !isLoopback(address))
    throw new UsageError(`Sign-in would not find back: nothing says how people reach ${address}.`, {
      hint: 'Write `server.public_url: https://…` in trainyard.yaml, the address that the provider sends people back to.',
    });
  if (oidc !== null || localUserMay(context) || (await hasActiveToken(store.db, clock.now()))) return;
  throw new UsageError(
    isLoopback(address)
      ? 'trainyard.yaml wants everybody to sign in (server.require_sign_in or server.public_url), and nobody could.'
      : `Others reach ${address}, and nothing tells them apart: there is no token and no sign-in.`,
    {
      hint: `Make a token first: trainyard tokens create NAME --role admin. For people write server.oidc in trainyard.yaml.${isLoopback(address) ? '' : ' For this machine alone: --address 127.0.0.1.'}`,
    },
  );
}
