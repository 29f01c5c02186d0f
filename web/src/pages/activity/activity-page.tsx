import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { EventList } from '../../events/index.ts';
import { Filters, Page, SearchBox, SelectBox, Tabs } from '../../ui/index.ts';
import { AuditTab } from './audit-tab.tsx';

const route = getRouteApi('/activity');

/** What events are about, as patterns of their types. */
const SUBJECTS = [
  'run',
  'stage',
  'job',
  'training',
  'approval',
  'model',
  'environment',
  'schedule',
  'notification',
  'retention',
];

/** What happened, and who answers for what. */
export function ActivityPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/activity' });
  const set = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const { tab = 'events', run, circuit, type, severity } = search;
  return (
    <Page title="Activity" fill>
      <Tabs
        label="Activity"
        value={tab}
        onChange={(next) => set({ tab: next === 'audit' ? 'audit' : undefined })}
        tabs={[
          {
            value: 'events',
            label: 'Events',
            content: (
              <>
                <Filters>
                  <SelectBox
                    label="About"
                    value={type}
                    options={SUBJECTS.map((subject) => ({ value: `${subject}.*`, text: subject }))}
                    onChange={(next) => set({ type: next })}
                  />
                  <SelectBox
                    label="Severity"
                    value={severity}
                    options={[
                      { value: 'warning', text: 'warnings and errors' },
                      { value: 'error', text: 'errors' },
                    ]}
                    onChange={(next) => set({ severity: next })}
                  />
                  <SearchBox label="Run" value={run ?? ''} onChange={(next) => set({ run: next })} />
                  <SearchBox
                    label="Circuit"
                    value={circuit ?? ''}
                    onChange={(next) => set({ circuit: next })}
                  />
                </Filters>
                <EventList
                  run={run}
                  circuit={circuit}
                  type={type}
                  severity={severity}
                  filtered={[run, circuit, type, severity].some((part) => part !== undefined)}
                />
              </>
            ),
          },
          { value: 'audit', label: 'Audit', content: <AuditTab search={search} onSearch={set} /> },
        ]}
      />
    </Page>
  );
}
