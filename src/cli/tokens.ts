import { createToken, listTokens, revokeToken } from '../access/index.ts';
import type { Project } from '../app.ts';
import { tokenRow } from '../views/index.ts';
import type { CreateFlags } from './commands/tokens.ts';
import type { CommonOptions } from './options.ts';
import { note, print, printJson } from './render/output.ts';
import { table } from './render/table.ts';

export async function showTokens(
  { store, clock }: Project,
  { json = false, all = false }: CommonOptions & { readonly all?: boolean },
): Promise<void> {
  const tokens = [];
  for (let before: string | undefined; ;) {
    const page = await listTokens(store.db, clock.now(), { limit: 500, before, revoked: all });
    tokens.push(...page);
    before = page.at(-1)?.id;
    if (page.length < 500) break;
  }
  if (json) {
    printJson(tokens.map(tokenRow));
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

export async function makeToken(
  project: Project,
  name: string,
  { role, expires, json = false }: CreateFlags,
): Promise<void> {
  const { token, secret } = await createToken(
    project.store,
    project.clock.now(),
    { name, roles: role, expires_s: expires === 'never' ? null : expires },
    await project.actor(),
  );
  if (json) {
    printJson({ ...tokenRow(token), secret });
    return;
  }
  note(
    `Token ${token.name}: ${token.roles.join(', ')}, ${token.expires_at === null ? 'for good' : `until ${token.expires_at.slice(0, 10)}`}. Its secret is shown this once:`,
  );
  print(secret);
}

export async function revoke(project: Project, name: string, { json = false }: CommonOptions): Promise<void> {
  const token = await revokeToken(project.store, project.clock.now(), name, await project.actor());
  if (json) printJson(tokenRow(token));
  else print(`Token ${token.name} lets nobody in any more.`);
}
