import { useMutation, useQuery } from '@tanstack/react-query';
import { api, ok } from '../../api/client.ts';
import {
  Button,
  Empty,
  ErrorNotice,
  Fact,
  Facts,
  Notice,
  Prose,
  Section,
  Skeleton,
  StatusBadge,
  Time,
  count,
} from '../../ui/index.ts';
import { Messages } from './messages.tsx';
import { channelsQuery } from './settings-data.ts';
import type { Channel } from './settings-data.ts';
import styles from './settings.module.css';

/** Where messages go, whether they arrive, and what became of each. */
export function ChannelsTab() {
  const { data, error, refetch } = useQuery(channelsQuery);
  const failed = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failed || <Skeleton lines={6} height={24} />;
  if (data.items.length === 0)
    return (
      <Empty title="Nobody is told anything yet.">
        Name a channel (Teams, Slack, e-mail or a webhook) under <code>notifications.channels</code> in
        trainyard.yaml, and under <code>notifications.routes</code> what it is told.
      </Empty>
    );
  return (
    <div className="stack">
      {failed}
      {data.items.map((channel) => (
        <ChannelView key={channel.name} channel={channel} />
      ))}
      <Messages channels={data.items} />
    </div>
  );
}

function ChannelView({ channel }: { readonly channel: Channel }) {
  const test = useMutation({
    mutationFn: () => ok(api.channels[':name'].test.$post({ param: { name: channel.name } })),
  });
  return (
    <Section
      title={channel.name}
      aside={
        <span className={styles.aside}>
          <StatusBadge
            state={channel.ok ? 'succeeded' : 'failed'}
            word={channel.ok ? 'ready' : 'not ready'}
          />
          <Button small needs="admin" busy={test.isPending} onClick={() => test.mutate()}>
            Send a test message
          </Button>
        </span>
      }
    >
      <div className="stack">
        {test.isError && <ErrorNotice error={test.error} />}
        {!channel.ok && (
          <Notice tone="failed" title={`✗ ${channel.message}`}>
            {channel.hint !== null && (
              <p>
                <Prose text={channel.hint} />
              </p>
            )}
          </Notice>
        )}
        <Facts>
          <Fact name="Goes to">{channel.title}</Fact>
          <Fact name="Last delivered">
            <Time at={channel.delivered_at} relative />
          </Fact>
          <Fact name="Waiting">{count(channel.pending)}</Fact>
          <Fact name="Given up">
            <span data-tone={channel.dead > 0 ? 'failed' : undefined} className={styles.figure}>
              {count(channel.dead)}
            </span>
          </Fact>
          {channel.last_error !== null && channel.ok && (
            <Fact name="Last error" wide>
              {channel.last_error}
            </Fact>
          )}
          <Fact name="What it is told" wide>
            <Told routes={channel.routes} />
          </Fact>
        </Facts>
      </div>
      <div role="status" className={styles.said}>
        {test.isSuccess && (
          <Notice tone="ok" title={`✓ ${channel.name} took the test message.`}>
            <p className="muted">It answered: {test.data.answer}</p>
          </Notice>
        )}
      </div>
    </Section>
  );
}

const Told = ({ routes }: Pick<Channel, 'routes'>) =>
  routes.length === 0 ? (
    <span className="muted">
      nothing: no route of <code>notifications.routes</code> names it
    </span>
  ) : (
    <ul>
      {routes.map(({ events, circuits, severity, rehearsals }) => (
        <li key={JSON.stringify([events, circuits, severity, rehearsals])}>
          <code>{events === null ? 'every event' : events.join(', ')}</code>
          {severity !== 'info' && `, ${severity} and above`}
          {circuits !== null && (
            <>
              , of circuits <code>{circuits.join(', ')}</code>
            </>
          )}
          {rehearsals && ', rehearsals too'}
        </li>
      ))}
    </ul>
  );
