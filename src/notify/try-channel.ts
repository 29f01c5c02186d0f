import { toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { eventBody } from './channels/event-body.ts';
import type { Message } from './message.ts';
import type { Outcome, Parcel } from './sender.ts';
import { mannerOf, senderOf } from './senders.ts';
import type { NotifyWorld } from './world.ts';

/** Sends one real message to a channel now, past the outbox, and tells what the other end said. */
export async function tryChannel(
  world: NotifyWorld,
  channel: string,
  by: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const settings = world.settings.channels[channel];
  if (settings === undefined) return { kind: 'never', error: 'there is no such channel', hint: null };
  const readiness = await senderOf(world, settings);
  if (!readiness.ready) return { kind: 'never', error: readiness.problem, hint: readiness.hint };
  const id = newId('ntf', world.clock.now());
  const parcel: Parcel =
    mannerOf(settings) === 'events'
      ? { kind: 'event', id, body: testEvent(world, channel, by) }
      : { kind: 'message', id, message: testMessage(world, channel, by), thread: null, below: null };
  return readiness.sender.send(parcel, signal);
}

function testMessage(world: NotifyWorld, channel: string, by: string): Message {
  const { base_url } = world.settings;
  return {
    title: `Test message of ${world.project}`,
    state: 'test',
    tone: 'neutral',
    facts: [
      { label: 'Project', value: world.project },
      { label: 'Channel', value: channel },
      { label: 'Sent by', value: by },
    ],
    sections: [{ heading: null, lines: ['Messages about runs of this project will arrive here.'] }],
    actions: [
      { label: 'Runs', command: 'trainyard runs', url: base_url === null ? null : `${base_url}/runs` },
    ],
  };
}

const testEvent = (world: NotifyWorld, channel: string, by: string): string =>
  eventBody(
    {
      seq: 0,
      at: toIso(world.clock.now()),
      type: 'notification.test',
      severity: 'info',
      run_id: null,
      stage: null,
      circuit_id: null,
      actor: by,
      identity: null,
      message: `Test message of ${world.project}`,
      data: { channel, by },
    },
    { project: world.project, run: null },
  );
