import { z } from 'zod';
import { show } from '../kernel/findings.ts';
import { isLoopback } from '../kernel/loopback.ts';
import { parseNetwork } from '../kernel/networks.ts';
import { ROLES } from '../kernel/roles.ts';
import type { Role } from '../kernel/roles.ts';
import { field } from '../kernel/schema-field.ts';
import { secret } from './channel-schema.ts';
import { count, filled, words } from './setting-fields.ts';

/** How people sign in by OpenID Connect. The secret is a reference, resolved when somebody signs in. */
export interface OidcSettings {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly scopes: readonly string[];
  readonly name_claim: string;
  readonly groups_claim: string | null;
}

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly public_url: string | null;
  /** Proxies on other hosts that are believed: addresses and networks. */
  readonly trusted_proxies: readonly string[];
  readonly require_sign_in: boolean;
  readonly oidc: OidcSettings | null;
  /** Who signs in and has which roles: names, `@group`, `oidc:GROUP`, `*`. */
  readonly roles: Readonly<Record<Role, readonly string[]>>;
}

/** An origin or an issuer; sign-in travels over it, so outside this machine it has to be https. */
const webAddress = (description: string, example: string, path: boolean) =>
  field<string>(
    (value, refuse) => {
      if (typeof value !== 'string' || !URL.canParse(value))
        return refuse(`must be a URL, is ${show(value)}`, `Write something like ${example}.`);
      const url = new URL(value);
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
        return refuse('must begin with https://', `Write something like ${example}.`);
      if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
        return refuse('must be an address and nothing else', `Write something like ${example}.`);
      if (path) return value;
      return url.pathname === '/'
        ? url.origin
        : refuse('must not have a path: the server answers at the root', `Write ${url.origin}.`);
    },
    { description, type: 'string' },
  );

/** Whoever is named here may say of a request that it comes from anywhere. */
const proxy = field<string>(
  (value, refuse) => {
    const network = typeof value === 'string' ? parseNetwork(value.trim()) : null;
    if (typeof value !== 'string' || network === null)
      return refuse(
        `must be an address or a network, is ${show(value)}`,
        'Write the address that the proxy asks from, such as 10.0.3.7, or its network, such as 10.0.3.0/24.',
      );
    return network.bits > 0
      ? value.trim()
      : refuse(
          `must not be everybody, is ${show(value)}`,
          'Name the proxies alone: everybody else could write any address into the request.',
        );
  },
  { description: 'An address, or a network such as `10.0.3.0/24`.', type: 'string' },
);

const oidc = z
  .strictObject({
    issuer: webAddress('The provider, as it names itself.', 'https://login.example.com', true),
    client_id: filled('What the provider knows this server as.'),
    client_secret: secret(
      'The secret that goes with it, as `${env:NAME}`; left out for a client that has none.',
    ).optional(),
    scopes: z
      .array(filled('A scope.'))
      .min(1)
      .default(['openid', 'profile', 'email'])
      .meta({ description: 'What is asked of the provider; `openid` always is.' }),
    name_claim: words(
      'email',
      'The claim that people are called by, in roles and gates too. An e-mail address that the provider calls unverified is refused.',
    ),
    groups_claim: filled('The claim with the groups of a person, for `oidc:GROUP` in roles.').optional(),
  })
  .transform(({ client_secret, groups_claim, scopes, ...rest }): OidcSettings => ({
    ...rest,
    client_secret: client_secret ?? null,
    groups_claim: groups_claim ?? null,
    scopes: [...new Set(['openid', ...scopes])],
  }));

const ABOUT: Readonly<Record<Role, string>> = {
  viewer: 'Who may read.',
  operator: 'Who may also start, cancel and retry.',
  approver: 'Who may also vote, where the gate itself lets them.',
  admin: 'Who may do everything.',
};

const people = (role: Role) =>
  z
    .array(filled('A name, `@` and a group of `groups`, `oidc:` and a group of the provider, or `*`.'))
    .default([])
    .meta({
      description: `${ABOUT[role]} Names, \`@group\`, \`oidc:GROUP\`, or \`*\` for everybody who signs in.`,
    });

/** `server:` of trainyard.yaml. */
export const server = z
  .strictObject({
    host: words('127.0.0.1', 'Address to listen on.'),
    port: count(8787, 'Port to listen on.', 0, 65_535),
    public_url: webAddress(
      'Where people reach the server, if that is not this machine; sign-in comes back there.',
      'https://trainyard.example.com',
      false,
    ).optional(),
    trusted_proxies: z.array(proxy).default([]).meta({
      description:
        'Proxies on other hosts that are believed where requests come from (`X-Forwarded-For`) and how the server was called (`-Proto`, `-Host`): addresses or networks. A proxy on this machine needs no naming.',
    }),
    require_sign_in: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether the local user has to sign in too.' }),
    oidc: oidc.optional().meta({ description: 'Sign-in of people by OpenID Connect.' }),
    roles: z
      .strictObject({
        viewer: people('viewer'),
        operator: people('operator'),
        approver: people('approver'),
        admin: people('admin'),
      })
      .prefault({})
      .meta({
        description: 'What people may do who sign in. API tokens have their roles from when they were made.',
      }),
  })
  .prefault({})
  .superRefine(({ oidc: signIn, roles }, context) => {
    if (signIn === undefined || ROLES.some((role) => roles[role].length > 0)) return;
    context.addIssue({
      code: 'custom',
      path: ['oidc'],
      message: 'nobody who signs in may do anything',
      params: { hint: 'Say who may, for example `roles: {viewer: ["*"], admin: [ada@example.com]}`.' },
    });
  })
  .transform(({ oidc: signIn, public_url, ...rest }): ServerSettings => ({
    ...rest,
    public_url: public_url ?? null,
    oidc: signIn ?? null,
  }))
  .meta({ description: 'The HTTP API and the web UI.' });

/** Groups that roles name and that do not exist. */
export function checkRoles(
  settings: {
    readonly server: ServerSettings;
    readonly groups: Readonly<Record<string, readonly string[]>>;
  },
  refuse: (path: (string | number)[], message: string, hint: string) => void,
): void {
  for (const role of ROLES)
    for (const [i, who] of settings.server.roles[role].entries()) {
      if (!who.startsWith('@') || settings.groups[who.slice(1)] !== undefined) continue;
      refuse(
        ['server', 'roles', role, i],
        `there is no group ${who.slice(1)}`,
        `Name its people under groups.${who.slice(1)}.`,
      );
    }
}
