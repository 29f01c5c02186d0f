import { z } from 'zod';

/** Who acts. `claimed`: typed on a command line; `verified`: signed in; `system`: Trainyard itself. */
export const Identity = z.enum(['claimed', 'verified', 'system']);
export interface Actor {
  readonly name: string;
  readonly identity: z.infer<typeof Identity>;
}

/** What happens by itself: time limits, schedules, registrations of a run. */
export const SYSTEM: Actor = { name: 'trainyard', identity: 'system' };
