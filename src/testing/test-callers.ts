import { beginSession, createToken } from '../access/index.ts';
import type { Project } from '../app.ts';
import type { Role } from '../kernel/roles.ts';

/** Settings with which `sessionHeaders` of these people work; add roles of your own where others are needed. */
export const SIGN_IN = `server:
  oidc: {issuer: "http://localhost:1/nobody", client_id: trainyard}
  roles:
    viewer: ["*"]
    operator: [olga@x]
    approver: [ada@x, bob@x]
    admin: [root@x]
`;

/** Headers that ask as `token:name`. */
export async function tokenHeaders(
  { store, clock }: Pick<Project, 'store' | 'clock'>,
  { name = 'ci', roles }: { readonly name?: string; readonly roles: readonly Role[] },
): Promise<Record<string, string>> {
  const { secret } = await createToken(
    store,
    clock.now(),
    { name, roles, expires_s: 86_400 },
    { name: 'tester', identity: 'claimed' },
  );
  return { authorization: `Bearer ${secret}` };
}

/** Headers that ask as a person who is signed in, in a page of this server; needs settings such as `SIGN_IN`. */
export async function sessionHeaders(
  { store, clock, config }: Pick<Project, 'store' | 'clock' | 'config'>,
  { name, groups = [] }: { readonly name: string; readonly groups?: readonly string[] },
): Promise<Record<string, string>> {
  const issuer = config.server.oidc?.issuer ?? 'http://localhost:1/nobody';
  const { secret } = await beginSession(store, clock.now(), { name, issuer, groups }, null);
  return { cookie: `trainyard_session=${secret}`, 'sec-fetch-site': 'same-origin' };
}
