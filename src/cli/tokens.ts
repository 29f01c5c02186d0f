import { createToken, listTokens, revokeToken } from '../access/index.ts';
import type { Project } from '../app.ts';
import { items, ok } from '../client/index.ts';
import { tokenRow } from '../views/index.ts';
import type { TokenRow } from '../views/index.ts';
import type { CreateFlags } from './commands/tokens.ts';
import { ask } from './options.ts';
import type { CommonOptions } from './options.ts';
import { note, print, printJson } from './render/output.ts';
import { table } from './render/table.ts';

export async function showTokens(flags: CommonOptions & { readonly all?: boolean }): Promise<void> {
  const { json = false, all = false } = flags;
  const revoked = all ? 'true' : 'false';
  const tokens = await ask(flags, 'read', {
    here: (project) => tokensHere(project, all),
    there: ({ api }) =>
      Array.fromAsync(items((cursor) => api.tokens.$get({ query: { limit: 500, revoked, cursor } }))),
  });
  if (json) {
    printJson(tokens);
    return;
  }
  if (tokens.length === 0) {
    print('No tokens. Make one with `trainyard tokens create NAME --role viewer`.');
    return;
  }
  print(
    table(tokens, [
      { title: 'name', value: (t) => t.name },
      { title: 'roles', value: (t) => t.roles.join(', ') },
      { title: 'state', value: (t) => t.state },
      { title: 'expires', value: (t) => t.expires_at?.slice(0, 10) ?? 'never' },
      { title: 'last used', value: (t) => t.last_used_at?.slice(0, 16).replace('T', ' ') ?? 'never' },
      { title: 'made by', value: (t) => t.created_by },
    ]),
  );
}

async function tokensHere({ store, clock }: Project, all: boolean): Promise<TokenRow[]> {
  const tokens: TokenRow[] = [];
  for (let before: string | undefined; ;) {
    const page = await listTokens(store.db, clock.now(), { limit: 500, before, revoked: all });
    tokens.push(...page.map(tokenRow));
    before = page.at(-1)?.id;
    if (page.length < 500) return tokens;
  }
}

export async function makeToken(name: string, flags: CreateFlags): Promise<void> {
  const { role, expires, json = false } = flags;
  const wanted = { name, roles: [...role], expires_s: expires === 'never' ? null : expires };
  const { token, secret } = await ask(flags, 'write', {
    here: async ({ store, clock, actor }) => {
      const made = await createToken(store, clock.now(), wanted, await actor());
      return { token: tokenRow(made.token), secret: made.secret };
    },
    there: ({ api }) => ok(api.tokens.$post({ json: wanted })),
  });
  if (json) {
    printJson({ ...token, secret });
    return;
  }
  note(
    `Token ${token.name}: ${token.roles.join(', ')}, ${token.expires_at === null ? 'for good' : `until ${token.expires_at.slice(0, 10)}`}. Its secret is shown this once:`,
  );
  print(secret);
}

export async function revoke(name: string, flags: CommonOptions): Promise<void> {
  const token = await ask(flags, 'write', {
    here: async ({ store, clock, actor }) =>
      tokenRow(await revokeToken(store, clock.now(), name, await actor())),
    there: ({ api }) => ok(api.tokens[':id'].$delete({ param: { id: name } })),
  });
  if (flags.json === true) printJson(token);
  else print(`Token ${token.name} lets nobody in any more.`);
}
