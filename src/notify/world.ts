import type { NotificationSettings } from '../config/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Store } from '../store/index.ts';

/** What messages are made and sent with. */
export interface NotifyWorld {
  readonly store: Store;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What messages call the project. */
  readonly project: string;
  /** From 0 to 1, for delays that do not all end at once. */
  readonly random: () => number;
  readonly timing: Timing;
  readonly links: Links;
}

/** Addresses that only a test or another cloud changes. */
export interface Links {
  /** Where Slack's methods are found. */
  readonly slack_api: string;
}

export interface Timing {
  /** How long the events of a run are gathered for one message. */
  readonly gather_ms: number;
  /** How long changes are gathered before a living message is edited. */
  readonly edit_ms: number;
  /** The longest that one attempt may take. */
  readonly attempt_ms: number;
  readonly first_delay_ms: number;
  readonly longest_delay_ms: number;
  /** After this many failures in a row a channel is left alone for a while, and then tried with one message. */
  readonly pause_after: number;
  /** After this many failures and this much time a message is given up. */
  readonly give_up_after: number;
  readonly give_up_ms: number;
  /** Events that are older than this are no news. */
  readonly news_ms: number;
}

export const TIMING: Timing = {
  gather_ms: 30_000,
  edit_ms: 5000,
  attempt_ms: 10_000,
  first_delay_ms: 1000,
  longest_delay_ms: 15 * 60_000,
  pause_after: 3,
  give_up_after: 8,
  give_up_ms: 24 * 3_600_000,
  news_ms: 7 * 24 * 3_600_000,
};
