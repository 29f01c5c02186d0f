import { z } from 'zod';

/** Who acts. `claimed`: typed on a command line; `verified`: signed in, or an API token; `system`: Trainyard itself. */
export const Identity = z.enum(['claimed', 'verified', 'system']);
export interface Actor {
  readonly name: string;
  readonly identity: z.infer<typeof Identity>;
}

/** What happens by itself: time limits, schedules, registrations of a run. */
export const SYSTEM: Actor = { name: 'trainyard', identity: 'system' };

const TOKEN = 'token:';

/** Whoever asks with an API token acts under its name. */
export const tokenActor = (name: string): Actor => ({ name: `${TOKEN}${name}`, identity: 'verified' });

/** True for a program that asks with an API token: it is who it says, and nobody in person. */
export const isToken = ({ name, identity }: Actor): boolean =>
  identity === 'verified' && name.startsWith(TOKEN);

/** Names that no person may have, because something else acts under them. */
export const isReservedName = (name: string): boolean =>
  /^(token|schedule|hook|oidc):|^@|^(trainyard|retention|\*)$/i.test(name);
