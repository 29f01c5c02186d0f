import { z } from 'zod';
import { TokenState } from '../access/index.ts';
import type { Token } from '../access/index.ts';
import { Role } from '../kernel/roles.ts';
import { Time } from './fields.ts';

/** An API token; what it is worth nobody can tell but who made it. */
export const TokenRow = z
  .object({
    id: z.string(),
    name: z.string().meta({ description: 'It acts as `token:` and this name.' }),
    state: TokenState,
    roles: z.array(Role),
    created_by: z.string(),
    created_at: Time,
    expires_at: Time.nullable().meta({ description: 'Null: never.' }),
    last_used_at: Time.nullable().meta({ description: 'Within a minute.' }),
    revoked_at: Time.nullable(),
    revoked_by: z.string().nullable(),
  })
  .meta({ id: 'Token', description: 'An API token, without its secret.' });
export type TokenRow = z.infer<typeof TokenRow>;

export const tokenRow = (token: Token): TokenRow => ({ ...token, roles: [...token.roles] });
