import type { Project } from '../app.ts';
import type { ChannelSettings } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { countNotifications, notifyWorld, tryChannel } from '../notify/index.ts';

/** @throws NotFoundError with the nearest names */
export function channelNamed(project: Project, channel: string): ChannelSettings {
  const { channels } = project.config.notifications;
  const settings = channels[channel];
  if (settings !== undefined && Object.hasOwn(channels, channel)) return settings;
  const names = Object.keys(channels);
  throw new NotFoundError(`There is no channel ${channel}.`, {
    hint:
      names.length === 0
        ? 'No channels are configured. Add one under notifications in trainyard.yaml: docs/notifications.md'
        : (didYouMean(channel, names) ?? `Channels are ${names.join(', ')}.`),
  });
}

/**
 * Sends one real message to a channel now, and tells what the other end said.
 * @throws TrainyardError (8) when it did not take the message
 */
export async function testChannel(
  project: Project,
  channel: string,
  actor: Actor,
): Promise<{ channel: string; type: string; answer: string }> {
  const settings = channelNamed(project, channel);
  const world = notifyWorld(project.messaging);
  const outcome = await tryChannel(world, channel, actor.name, new AbortController().signal);
  if (outcome.kind === 'delivered') {
    const answer = outcome.flaw === undefined ? outcome.answer : `${outcome.answer} (${outcome.flaw})`;
    return { channel, type: settings.type, answer };
  }
  const hint = outcome.kind === 'never' ? outcome.hint : null;
  throw new TrainyardError(
    'provider_unavailable',
    `${channel} did not take the test message: ${outcome.error}.`,
    {
      hint: hint ?? 'Check the address of the channel in trainyard.yaml and the network, then test it again.',
      details: { channel },
    },
  );
}

/**
 * Has what waits to be sent to some channels, or to all, sent now. Returns how many messages that are.
 * @throws NotFoundError for a channel that there is not
 */
export async function sendWaiting(
  project: Project,
  channels: readonly string[] | undefined,
): Promise<number> {
  const names = channels ?? Object.keys(project.config.notifications.channels);
  for (const name of names) channelNamed(project, name);
  if (names.length === 0) return 0;
  const counts = await countNotifications(project.store.db);
  await project.hurryMessages(names);
  return names.reduce((sum, name) => sum + (counts.get(name)?.pending ?? 0), 0);
}
