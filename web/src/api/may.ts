import { useQuery } from '@tanstack/react-query';
import type { Role } from '../../../src/kernel/roles.ts';
import { meQuery, rolesInWords } from './me.ts';

/** Why whoever uses the page may not do what asks for this role, or null: they may. The server decides; this says it first. */
export function useRefusal(role: Role): string | null {
  const { data } = useQuery(meQuery);
  if (data === undefined) return 'Who you are is being found out.';
  if (data.roles.includes(role)) return null;
  return `Needs the role ${role}; ${data.name} is ${rolesInWords(data.roles)}.`;
}
