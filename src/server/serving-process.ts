import type { ServingFacts } from '../views/index.ts';
import type { Live } from './live/live.ts';

/** What the process that serves knows of itself. */
export interface ServingProcess {
  readonly live: Live;
  facts(): ServingFacts;
}
