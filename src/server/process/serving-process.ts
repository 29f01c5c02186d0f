import type { Log } from '../../kernel/log.ts';
import type { ServingFacts } from '../../views/index.ts';
import type { Live } from '../live/live.ts';
import type { Driving } from './driving.ts';
import type { Metrics } from './metrics.ts';

/** What the process that serves knows of itself. */
export interface ServingProcess {
  readonly live: Live;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborted when it is about to end: what goes on for long comes to its end. */
  readonly ending: AbortSignal;
  driving(): Driving;
  facts(): ServingFacts;
}
