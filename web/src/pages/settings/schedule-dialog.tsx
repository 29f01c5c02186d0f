import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { runPath } from '../../paths.ts';
import {
  Button,
  DataTable,
  Dialog,
  DialogFoot,
  Empty,
  ErrorNotice,
  Skeleton,
  Status,
  Time,
} from '../../ui/index.ts';
import { scheduleQuery } from './settings-data.ts';
import styles from './settings.module.css';

const route = getRouteApi('/settings');

/** The times of one schedule: those that come, and what became of those that were. */
export function ScheduleDialog() {
  const { schedule } = route.useSearch();
  const navigate = useNavigate({ from: '/settings' });
  const close = (): void => void navigate({ search: { tab: 'schedules' }, replace: true });
  return (
    <Dialog wide open={schedule !== undefined} onClose={close} title={`Times of ${schedule ?? ''}`}>
      {schedule !== undefined && <Times name={schedule} />}
      <DialogFoot>
        <Button onClick={close}>Close</Button>
      </DialogFoot>
    </Dialog>
  );
}

function Times({ name }: { readonly name: string }) {
  const { data, error, refetch } = useQuery(scheduleQuery(name));
  const failed = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failed || <Skeleton lines={6} height={20} />;
  return (
    <div className="stack">
      {failed}
      <h3>Coming</h3>
      {data.next.length === 0 ? (
        <p className="muted">It is not going to fire.</p>
      ) : (
        <ul className={styles.times}>
          {data.next.slice(0, 10).map(({ local, utc }) => (
            <li key={utc}>
              {local}{' '}
              <span className="muted">
                (<Time at={utc} /> your time)
              </span>
            </li>
          ))}
        </ul>
      )}
      <h3>Past</h3>
      <DataTable
        label="Past times"
        height={320}
        rows={data.firings}
        rowKey={(firing) => `${firing.kind} ${firing.slot} ${firing.at}`}
        columns={[
          { key: 'at', head: 'Time', width: '88px', cell: (f) => <Time at={f.at} /> },
          { key: 'outcome', head: 'Outcome', width: '104px', cell: (f) => <Status state={f.outcome} /> },
          {
            key: 'run',
            head: 'Run',
            width: '40px',
            cell: (f) =>
              f.run_number === null ? '' : <Link to={runPath(f.run_number)}>{f.run_number}</Link>,
          },
          {
            key: 'by',
            head: 'By',
            width: 'minmax(80px, 1fr)',
            from: 640,
            cell: (f) => (f.kind === 'cron' ? <span className="muted">the clock</span> : f.requested_by),
          },
          {
            key: 'message',
            head: 'What came of it',
            width: 'minmax(120px, 3fr)',
            from: 480,
            cell: (f) => f.message,
          },
        ]}
        empty={<Empty title="It has not fired yet.">The times to come stand above.</Empty>}
      />
    </div>
  );
}
