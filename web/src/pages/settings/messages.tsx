import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import {
  ConfirmButton,
  DataTable,
  Empty,
  Filters,
  Section,
  SelectBox,
  Status,
  Time,
  plural,
} from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { messages } from './settings-data.ts';
import type { Channel, Message } from './settings-data.ts';
import styles from './settings.module.css';

const route = getRouteApi('/settings');

/** What became of messages; what could not be delivered can be sent again or forgotten. */
export function Messages({ channels }: { readonly channels: readonly Channel[] }) {
  const { state, channel } = route.useSearch();
  const navigate = useNavigate({ from: '/settings' });
  const set = (next: {
    readonly state?: Message['state'] | undefined;
    readonly channel?: string | undefined;
  }): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const list = useList(['notifications', 'list', state, channel], (cursor, signal) =>
    messages({ state, channel }, cursor, signal),
  );
  // The table may show others, and begins with the newest; but a channel that is set up no more shows there alone.
  const has = (wanted: 'dead' | 'pending'): boolean =>
    channels.some((each) => (channel === undefined || each.name === channel) && each[wanted] > 0) ||
    list.rows.some((message) => message.state === wanted);
  const dead = has('dead');
  const pending = has('pending');
  return (
    <Section
      title="Messages"
      plain
      aside={
        (dead || pending) && (
          <span className={styles.aside}>
            {pending && <WaitingOnes channel={channel} />}
            {dead && <DeadOnes channel={channel} />}
          </span>
        )
      }
    >
      <div className="stack">
        <Filters>
          <SelectBox
            label="State"
            value={state}
            options={['pending', 'dead', 'delivered']}
            onChange={(next) => set({ state: next })}
          />
          <SelectBox
            label="Channel"
            value={channel}
            options={channels.map(({ name }) => name)}
            onChange={(next) => set({ channel: next })}
          />
        </Filters>
        <DataTable
          label="Messages"
          {...list}
          columns={COLUMNS}
          height={480}
          rowKey={(message) => message.id}
          empty={
            <Empty title="There are no such messages.">
              The next event that a route names brings one; a test message is not kept here.
            </Empty>
          }
        />
      </div>
    </Section>
  );
}

const COLUMNS: readonly Column<Message>[] = [
  { key: 'queued_at', head: 'Time', width: '88px', cell: (m) => <Time at={m.queued_at} /> },
  { key: 'state', head: 'State', width: '96px', cell: (m) => <Status state={m.state} /> },
  {
    key: 'title',
    head: 'Message',
    width: 'minmax(96px, 3fr)',
    cell: (m) => m.title,
  },
  { key: 'channel', head: 'Channel', width: 'minmax(64px, 1fr)', from: 640, cell: (m) => m.channel },
  { key: 'attempts', head: 'Attempts', width: '64px', align: 'right', from: 800, cell: (m) => m.attempts },
  {
    key: 'why',
    head: 'What became of it',
    width: 'minmax(120px, 3fr)',
    from: 640,
    cell: (m) => <Became message={m} />,
  },
];

function Became({ message: { state, ended_at, due_at, last_error } }: { readonly message: Message }) {
  if (state === 'delivered')
    return (
      <span className="muted">
        delivered <Time at={ended_at} />
      </span>
    );
  const error = last_error === null ? '' : `: ${last_error}`;
  if (state === 'dead') return `given up${error}`;
  return (
    <>
      next try <Time at={due_at} />
      {error}
    </>
  );
}

function WaitingOnes({ channel }: { readonly channel: string | undefined }) {
  const queries = useQueryClient();
  return (
    <ConfirmButton
      small
      needs="admin"
      action="Send now"
      title={`Send now what waits${channel === undefined ? '' : ` for ${channel}`}?`}
      act={async () => {
        const { waiting } = await ok(
          api.notifications.send.$post({ json: channel === undefined ? {} : { channels: [channel] } }),
        );
        await queries.invalidateQueries({ queryKey: ['notifications'] });
        return `${plural(waiting, 'message')} on the way.`;
      }}
    >
      What failed before is tried again at once, and not only at its next try.
    </ConfirmButton>
  );
}

function DeadOnes({ channel }: { readonly channel: string | undefined }) {
  const queries = useQueryClient();
  const which = { all: true as const, ...(channel === undefined ? {} : { channel }) };
  const where = channel === undefined ? '' : ` to ${channel}`;
  const refreshed = (): Promise<void> => queries.invalidateQueries({ queryKey: ['notifications'] });
  return (
    <>
      <ConfirmButton
        small
        needs="admin"
        action="Send again"
        title={`Send again what was given up${where}?`}
        act={async () => {
          const { replayed } = await ok(api.notifications.replay.$post({ json: which }));
          await refreshed();
          return `${plural(replayed, 'message')} will be tried again.`;
        }}
      >
        Each keeps its id, so that a receiver that knows it already takes it once.
      </ConfirmButton>
      <ConfirmButton
        small
        kind="danger"
        needs="admin"
        action="Forget"
        title={`Forget what was given up${where}?`}
        act={async () => {
          const { dropped } = await ok(api.notifications.drop.$post({ json: which }));
          await refreshed();
          return `${plural(dropped, 'message')} forgotten.`;
        }}
      >
        Nobody will be told of these events any more. The events themselves stay under Activity.
      </ConfirmButton>
    </>
  );
}
