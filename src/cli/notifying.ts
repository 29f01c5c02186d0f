import type { Project } from '../app.ts';
import { ok } from '../client/index.ts';
import { channelNamed } from '../actions/index.ts';
import { EXIT, UsageError } from '../kernel/errors.ts';
import {
  channelRows,
  createNotifier,
  dropDead,
  holderOf,
  listNotifications,
  replayDead,
} from '../notify/index.ts';
import type { DeadLetters } from '../notify/index.ts';
import { getRun } from '../pipelines/index.ts';
import { channelViews, notificationView } from '../views/index.ts';
import type { ChannelView, NotificationView } from '../views/index.ts';
import type { DeadFlags, ListFlags } from './commands/notify.ts';
import { ExitWith } from './exit.ts';
import { take } from './on-server.ts';
import { ask } from './options.ts';
import type { CommonOptions } from './options.ts';
import { moreLine } from './render/more.ts';
import { note, print, printJson } from './render/output.ts';
import { clip, columns, status } from './render/style.ts';
import { table } from './render/table.ts';

/** The longest that a command sends for. */
export const SEND_MS = 30_000;

/** The outbox as a table, or as JSON. */
export async function listMessages(flags: ListFlags): Promise<void> {
  const { channel, run, before, limit } = flags;
  const states: NotificationView['state'][] =
    flags.dead === true
      ? ['dead']
      : flags.all === true
        ? ['pending', 'dead', 'delivered']
        : ['pending', 'dead'];
  const { notifications, next, nothing } = await ask(flags, 'read', {
    here: async (project) => {
      const { db } = project.store;
      if (channel !== undefined) channelNamed(project, channel);
      const run_id = run === undefined ? undefined : (await getRun(db, run)).id;
      const rows = await listNotifications(db, { states, channel, run_id, before, limit: limit + 1 });
      const shown = rows.slice(0, limit).map(notificationView);
      return {
        notifications: shown,
        next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
        nothing: rows.length > 0 ? '' : nothingToShow(flags, await channelViews(project)),
      };
    },
    there: async ({ api }) => {
      const filter = { state: states, channel, run };
      const page = await take(
        limit,
        (query) => ok(api.notifications.$get({ query: { ...query, ...filter } })),
        before,
      );
      const channels = page.items.length > 0 ? [] : (await ok(api.channels.$get({}))).items;
      return { notifications: page.items, next: page.next, nothing: nothingToShow(flags, channels) };
    },
  });
  if (flags.json === true) {
    printJson({ notifications, next });
    return;
  }
  if (notifications.length === 0) {
    print(nothing);
    return;
  }
  print(
    table(notifications, [
      { title: 'message', value: (r) => r.id },
      { title: 'channel', value: (r) => r.channel },
      { title: 'state', value: (r) => status(r.state) },
      { title: 'tries', value: (r) => String(r.attempts), align: 'right' },
      { title: 'next / ended', value: (r) => (r.ended_at ?? r.due_at).slice(0, 19).replace('T', ' ') },
      { title: 'what', value: (r) => whatOf(r) },
    ]),
  );
  if (notifications.some((r) => r.state === 'dead'))
    print('Send again what could not be delivered: trainyard notify replay --dead');
  const { dead, all } = flags;
  if (next !== null) print(moreLine('notify list', { dead, all, channel, run, limit, before: next }));
}

/** A title, and below it what went wrong. */
const whatOf = (row: NotificationView): string =>
  row.last_error === null
    ? row.title
    : `${clip(row.title, Math.max(30, columns() - 90))}  [${row.last_error}]`;

function nothingToShow(flags: ListFlags, channels: readonly ChannelView[]): string {
  if (flags.dead === true) {
    const waiting = channels.reduce((sum, { pending }) => sum + pending, 0);
    return waiting === 0
      ? 'Everything could be delivered.'
      : `Nothing was given up; ${waiting} ${waiting === 1 ? 'message waits' : 'messages wait'} to be sent: trainyard notify`;
  }
  if (channels.length === 0)
    return 'No channels are configured. Add one under notifications in trainyard.yaml: docs/notifications.md';
  const last =
    channels
      .map((channel) => channel.delivered_at ?? '')
      .toSorted()
      .at(-1) ?? '';
  return last === ''
    ? 'Nothing waits to be sent.'
    : `Nothing waits to be sent. The last message was delivered at ${last.slice(0, 19).replace('T', ' ')} UTC.`;
}

/** @throws UsageError where neither ids nor --dead say which */
function whichDead(ids: readonly string[], flags: DeadFlags, what: string): DeadLetters {
  if (ids.length > 0 && (flags.dead === true || flags.channel !== undefined))
    throw new UsageError('Ids do not go with --dead and --channel.', { hint: 'Give one or the other.' });
  if (ids.length > 0) return { ids };
  if (flags.dead !== true)
    throw new UsageError(`Say which messages to ${what}.`, {
      hint: `Give their ids, or all with: trainyard notify ${what} --dead. List them with \`trainyard notify --dead\`.`,
    });
  return { channel: flags.channel };
}

/** Gives what could not be delivered another life, and tells what came of it. */
export async function replay(ids: readonly string[], flags: DeadFlags): Promise<void> {
  const which = whichDead(ids, flags, 'replay');
  const told = await ask(flags, 'write', {
    here: async (project) => {
      if ('channel' in which && which.channel !== undefined) channelNamed(project, which.channel);
      const replayed = await replayDead(project.store, project.clock.now(), which, await project.actor());
      return { replayed, ...(replayed === 0 ? NOTHING_SENT : await sendHere(project, undefined)) };
    },
    there: async (yard) => {
      const { sendThere } = await import('./notifying-there.ts');
      return sendThere(yard, undefined, async () => {
        const asked = await ok(yard.api.notifications.replay.$post({ json: askedThere(which) }));
        return { ...asked, messages: asked.replayed };
      });
    },
  });
  const { replayed, sent, waiting, dead, reasons } = told;
  if (replayed > 0) tellSent(told, flags.json === true);
  else if (flags.json === true) printJson({ replayed, sent, waiting, dead, reasons });
  else print('There is nothing that could not be delivered.');
}

export async function drop(ids: readonly string[], flags: DeadFlags): Promise<void> {
  const which = whichDead(ids, flags, 'drop');
  const { dropped } = await ask(flags, 'write', {
    here: async (project) => {
      const { store, clock } = project;
      if ('channel' in which && which.channel !== undefined) channelNamed(project, which.channel);
      return { dropped: await dropDead(store, clock.now(), which, await project.actor()) };
    },
    there: ({ api }) => ok(api.notifications.drop.$post({ json: askedThere(which) })),
  });
  if (flags.json === true) printJson({ dropped });
  else print(dropped === 1 ? '1 message is forgotten.' : `${dropped} messages are forgotten.`);
}

/** Sends what waits, to all channels or to those named. */
export async function sendNow(
  flags: CommonOptions & { readonly channel?: readonly string[] },
): Promise<void> {
  const { channel: channels } = flags;
  const told = await ask(flags, 'write', {
    here: (project) => {
      for (const name of channels ?? []) channelNamed(project, name);
      return sendHere(project, channels);
    },
    there: async (yard) => {
      const { sendThere } = await import('./notifying-there.ts');
      return sendThere(yard, channels, async () => {
        const json = channels === undefined ? {} : { channels: [...channels] };
        const { at, waiting } = await ok(yard.api.notifications.send.$post({ json }));
        return { at, replayed: 0, messages: waiting };
      });
    },
  });
  const { sent, waiting, dead, reasons, elsewhere } = told;
  tellSent({ sent, waiting, dead, reasons, elsewhere }, flags.json === true);
}

/** What came of sending. */
export interface Sent {
  readonly sent: number;
  readonly waiting: number;
  readonly dead: number;
  readonly reasons: readonly string[];
  /** Another process of this project sends, and may be at it. */
  readonly elsewhere?: boolean | undefined;
}

export const NOTHING_SENT: Sent = { sent: 0, waiting: 0, dead: 0, reasons: [] };

const askedThere = (which: DeadLetters) =>
  'ids' in which ? { ids: [...which.ids] } : { all: true as const, channel: which.channel };

/** @throws ExitWith where something is not sent */
function tellSent({ elsewhere = false, ...told }: Sent, json: boolean): void {
  const { sent, waiting, dead, reasons } = told;
  if (json) printJson(told);
  else {
    print(
      `${sent === 1 ? '1 message' : `${sent} messages`} sent${waiting > 0 ? `, ${waiting} still to be sent` : ''}${dead > 0 ? `, ${dead} could not be delivered` : ''}.`,
    );
    for (const reason of reasons) print(`  ${reason}`);
  }
  if (waiting + dead > 0 && !elsewhere) throw new ExitWith(EXIT.provider_unavailable);
}

async function sendHere(project: Project, channels: readonly string[] | undefined): Promise<Sent> {
  const { settings } = project.messaging;
  const notifier = createNotifier({
    ...project.messaging,
    settings:
      channels === undefined
        ? settings
        : {
            ...settings,
            channels: Object.fromEntries(
              Object.entries(settings.channels).filter(([name]) => channels.includes(name)),
            ),
          },
  });
  const before = await delivered(project);
  const elsewhere = await tellHolders(project);
  await notifier.flush(SEND_MS, 'all');
  const { waiting, dead, reasons } = await notifier.leftover();
  return { sent: (await delivered(project)) - before, waiting, dead, reasons, elsewhere };
}

async function delivered({ store }: Project): Promise<number> {
  const row = await store.db
    .selectFrom('notifications')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('state', '=', 'delivered')
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** What another process sends is left to it. Returns whether there is one. */
async function tellHolders({ store }: Project): Promise<boolean> {
  let elsewhere = false;
  for (const row of await channelRows(store.db)) {
    const pid = holderOf(row, store.now());
    if (pid === null || pid === String(process.pid)) continue;
    elsewhere = true;
    note(`Process ${pid} sends the messages to ${row.channel}; they are left to it.`);
  }
  return elsewhere;
}
