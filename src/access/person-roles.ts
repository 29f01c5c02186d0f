import type { ServerSettings } from '../config/index.ts';
import { ROLES, rolesWithin } from '../kernel/roles.ts';
import type { Role } from '../kernel/roles.ts';

/** What a person may do who signed in: by name, by a group of trainyard.yaml, by a group of the provider, or as anybody. */
export function rolesOfPerson(
  person: { readonly name: string; readonly groups: readonly string[] },
  roles: ServerSettings['roles'],
  groups: Readonly<Record<string, readonly string[]>>,
): Role[] {
  const name = person.name.toLowerCase();
  const means = (who: string): boolean => {
    if (who === '*') return true;
    if (who.startsWith('oidc:')) return person.groups.includes(who.slice(5));
    const names = who.startsWith('@') ? (groups[who.slice(1)] ?? []) : [who];
    return names.some((each) => each.toLowerCase() === name);
  };
  return rolesWithin(ROLES.filter((role) => roles[role].some(means)));
}
