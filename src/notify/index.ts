export { channelHealth } from './channel-health.ts';
export type { ChannelHealth } from './channel-health.ts';
export { channelRows, holderOf } from './channel-store.ts';
export { createNotifier, notifyWorld } from './notifier.ts';
export type { Leftover, Notifier, NotifierOptions } from './notifier.ts';
export {
  NOTIFICATION_STATES,
  countNotifications,
  dropDead,
  listNotifications,
  replayDead,
} from './outbox-lists.ts';
export type { DeadLetters, NotificationState } from './outbox-lists.ts';
export { hurry } from './outbox.ts';
export type { Notification } from './outbox.ts';
export type { Outcome } from './sender.ts';
export { tryChannel } from './try-channel.ts';
