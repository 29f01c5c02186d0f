import { z } from 'zod';
import type { Actor } from '../../kernel/actor.ts';
import type { Role } from '../../kernel/roles.ts';

/** How somebody showed who they are: from this machine, with a token, signed in. */
export const Via = z.enum(['local', 'token', 'session']);

/** Who asks, and what they may do. */
export interface Caller extends Actor {
  readonly via: z.infer<typeof Via>;
  /** All that they come to: see `rolesWithin`. */
  readonly roles: readonly Role[];
}
