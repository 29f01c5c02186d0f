import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { runPath } from '../../paths.ts';
import {
  Empty,
  ErrorNotice,
  Fact,
  Facts,
  Notice,
  Section,
  Skeleton,
  Status,
  StatusBadge,
  Time,
} from '../../ui/index.ts';
import { ScheduleActions } from './schedule-actions.tsx';
import { ScheduleDialog } from './schedule-dialog.tsx';
import { schedulesQuery } from './settings-data.ts';
import type { Schedule } from './settings-data.ts';
import { whatRuns } from './what-runs.ts';
import styles from './settings.module.css';

/** What runs by the clock. */
export function SchedulesTab() {
  const { data, error, refetch } = useQuery(schedulesQuery);
  const failed = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failed || <Skeleton lines={6} height={24} />;
  if (data.items.length === 0)
    return (
      <Empty title="Nothing runs by the clock.">
        A schedule is written under <code>schedules</code> in trainyard.yaml: a cron line, a time zone, and
        what to run.
      </Empty>
    );
  return (
    <div className="stack">
      {failed}
      {!data.fires && (
        <Notice tone="waiting" title="! No process runs that fires schedules.">
          <p>
            Keep <code>trainyard serve</code> or <code>trainyard worker</code> running.
          </p>
        </Notice>
      )}
      {data.items.map((schedule) => (
        <ScheduleView key={schedule.name} schedule={schedule} />
      ))}
      <ScheduleDialog />
    </div>
  );
}

function ScheduleView({ schedule }: { readonly schedule: Schedule }) {
  const { name, cron, timezone, next, last, paused } = schedule;
  return (
    <Section
      title={name}
      aside={
        <span className={styles.aside}>
          <Standing schedule={schedule} />
          <ScheduleActions schedule={schedule} />
        </span>
      }
    >
      <Facts>
        {cron !== null && (
          <Fact name="When">
            <code>{cron}</code> in {timezone}
          </Fact>
        )}
        {schedule.run !== null && <Fact name="Runs">{whatRuns(schedule.run)}</Fact>}
        <Fact name="Next">
          {next[0] === undefined ? (
            <span className="muted">not planned</span>
          ) : (
            <>
              <Time at={next[0].utc} relative />, {next[0].local}
            </>
          )}
        </Fact>
        <Fact name="Last">
          {last === null ? (
            <span className="muted">not yet</span>
          ) : (
            <>
              <Status state={last.outcome} /> <Time at={last.at} />
              {last.run_number !== null && (
                <>
                  , <Link to={runPath(last.run_number)}>run {last.run_number}</Link>
                </>
              )}
            </>
          )}{' '}
          <Link
            to="/settings"
            search={{ tab: 'schedules', schedule: name }}
            replace
            aria-label={`All times of ${name}`}
          >
            All times
          </Link>
        </Fact>
        {paused !== null && (
          <Fact name="Paused" wide>
            by {paused.by} <Time at={paused.at} />
            {paused.reason !== null && `: ${paused.reason}`}
          </Fact>
        )}
        {last !== null && (last.outcome === 'failed' || last.outcome === 'skipped') && (
          <Fact name="What came of the last time" wide>
            {last.message}
          </Fact>
        )}
      </Facts>
    </Section>
  );
}

function Standing({ schedule: { cron, enabled, paused } }: { readonly schedule: Schedule }) {
  if (cron === null) return <StatusBadge state="canceled" word="gone from trainyard.yaml" />;
  if (!enabled) return <StatusBadge state="skipped" word="not enabled" />;
  return paused === null ? <StatusBadge state="active" /> : <StatusBadge state="paused" />;
}
