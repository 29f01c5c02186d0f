import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { ErrorNotice, Notice, Page, Skeleton, Tabs } from '../../ui/index.ts';
import { ChannelsTab } from './channels-tab.tsx';
import { FileTab } from './file-tab.tsx';
import { GatesTab } from './gates-tab.tsx';
import { HooksTab } from './hooks-tab.tsx';
import { RetentionTab } from './retention-tab.tsx';
import { SchedulesTab } from './schedules-tab.tsx';
import { ServerTab } from './server-tab.tsx';
import { systemQuery } from './settings-data.ts';
import type { System } from './settings-data.ts';
import { TokensTab } from './tokens-tab.tsx';

const route = getRouteApi('/settings');

/** What is set up, and whether it works. What trainyard.yaml says is changed there; here are its effects. */
export function SettingsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/settings' });
  const { data, error, refetch } = useQuery(systemQuery);
  const { tab = 'server' } = search;
  return (
    <Page
      title="Settings"
      lead={
        data !== undefined && (
          <>
            <span>{data.project}</span>
            <span>
              set up in <code>trainyard.yaml</code>
            </span>
          </>
        )
      }
    >
      {error !== null && <ErrorNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton lines={8} height={24} />}
      {data !== undefined && (
        <>
          <FileNotices system={data} />
          <Tabs
            label="Settings"
            value={tab}
            onChange={(next) =>
              void navigate({ search: next === 'server' ? {} : { tab: next }, replace: true })
            }
            tabs={[
              { value: 'server', label: 'Server', content: <ServerTab system={data} /> },
              { value: 'gates', label: 'Gates', content: <GatesTab system={data} /> },
              { value: 'channels', label: 'Channels', content: <ChannelsTab /> },
              { value: 'tokens', label: 'Tokens', content: <TokensTab /> },
              { value: 'schedules', label: 'Schedules', content: <SchedulesTab /> },
              { value: 'hooks', label: 'Hooks', content: <HooksTab /> },
              { value: 'retention', label: 'Retention', content: <RetentionTab /> },
              { value: 'file', label: 'trainyard.yaml', content: <FileTab system={data} /> },
            ]}
          />
        </>
      )}
    </Page>
  );
}

/** Where the file and what holds differ. */
const FileNotices = ({ system: { settings_problem, restart_for } }: { readonly system: System }) => (
  <>
    {settings_problem !== null && (
      <Notice tone="failed" title="✗ trainyard.yaml as it is now cannot be used">
        <p>{settings_problem}</p>
        <p className="muted">What it said before holds until it can be read again.</p>
      </Notice>
    )}
    {restart_for.length > 0 && (
      <Notice tone="waiting" title={`! Changed in trainyard.yaml: ${restart_for.join(', ')}`}>
        <p>That counts from the next start of the server. Running jobs go on while it starts again.</p>
      </Notice>
    )}
  </>
);
