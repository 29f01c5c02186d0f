import { z } from 'zod';

/** What somebody may do on the server. Each includes reading; admin includes everything. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

/** Everything that these roles come to, in the order of `ROLES`: admin stands for all, each other one for viewer too. */
export const rolesWithin = (given: readonly Role[]): Role[] =>
  ROLES.filter(
    (role) => given.includes('admin') || given.includes(role) || (role === 'viewer' && given.length > 0),
  );
