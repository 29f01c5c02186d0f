import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { scriptRunPath } from '../../paths.ts';
import { Railway } from '../../railway/index.ts';
import {
  Counts,
  ErrorNotice,
  Notice,
  Page,
  RehearsalTag,
  Section,
  Skeleton,
  StatusBadge,
  Tabs,
  Tag,
  Time,
  Took,
  count,
} from '../../ui/index.ts';
import { RunActions } from './actions.tsx';
import { ArtifactsTab } from './artifacts-tab.tsx';
import { runQuery } from './data.ts';
import type { RunView } from './data.ts';
import { EventsTab } from './events-tab.tsx';
import { FailuresTab } from './failures-tab.tsx';
import { JobsTab } from './jobs-tab.tsx';
import { PlanTab } from './plan-tab.tsx';
import styles from './run-page.module.css';
import { StagePanel } from './stage-panel.tsx';
import { TimelineTab } from './timeline-tab.tsx';

const route = getRouteApi('/runs/$run');

/** One run: the line, what waits for a decision, and its jobs, failures, times and files. */
export function RunPage() {
  const { run: key } = route.useParams();
  const { data: run, error, refetch } = useQuery(runQuery(key));
  if (run === undefined) {
    return (
      <Page title={`Run ${key}`}>
        {error === null ? <Waiting /> : <ErrorNotice error={error} retry={() => void refetch()} />}
      </Page>
    );
  }
  return (
    <Page
      title={`Run ${run.number}`}
      heading={
        <>
          {run.pipeline === 'train' ? 'Run' : `Run of ${run.pipeline}`} {run.number}
          <StatusBadge state={run.status} />
          {run.rehearsal && <RehearsalTag />}
          {run.pr && <Tag text="pull request" hint="It promotes and retries nothing." />}
        </>
      }
      lead={<Facts run={run} />}
      actions={<RunActions key={run.number} run={run} />}
    >
      <Told run={run} />
      <Line run={run} />
      <RunTabs run={run} />
    </Page>
  );
}

const Waiting = () => (
  <>
    <Skeleton lines={1} height={210} />
    <Skeleton lines={6} height={24} />
  </>
);

/** Who, when, what: one line. */
function Facts({ run }: { readonly run: RunView }) {
  return (
    <>
      <span>by {run.requested_by}</span>
      {run.git_commit !== null && (
        <span>
          {run.git_branch ?? 'commit'} <code>{run.git_commit.slice(0, 8)}</code>
        </span>
      )}
      <span>
        started <Time at={run.started_at} />
      </span>
      <span>
        {run.ended_at === null ? 'going for' : 'took'} <Took from={run.started_at} to={run.ended_at} />
      </span>
      {run.pipeline === 'scripts' && <Link to={scriptRunPath(run.number)}>Settings and metrics</Link>}
      {Object.values(run.jobs).some((n) => n > 0) && <Counts counts={run.jobs} />}
    </>
  );
}

/** What somebody who opens the page has to know first. */
function Told({ run }: { readonly run: RunView }) {
  return (
    <>
      {run.last_error !== null && (
        <Notice
          tone="failed"
          title={run.ended_at === null ? 'The last step met an error; it is tried again' : 'It gave up'}
        >
          <p>{run.last_error}</p>
        </Notice>
      )}
      {run.reason !== null && run.last_error === null && (
        <Notice tone={run.status === 'failed' ? 'failed' : 'idle'} title={run.reason} />
      )}
      {run.cancel_requested_at !== null && run.ended_at === null && (
        <Notice tone="waiting" title="It is being canceled." />
      )}
      {run.partial_accepted_by !== null && (
        <Notice tone="idle" title={`Partial success was accepted by ${run.partial_accepted_by}.`} />
      )}
      {run.approvals.length > 0 && (
        <ul className={styles.approvals} aria-label="Waiting for a decision">
          {run.approvals.map((approval) => (
            <li key={approval.id}>
              <span data-tone="waiting" className={styles.title}>
                <span aria-hidden="true">‖</span> {approval.title}
              </span>
              <span className="muted">
                gate {approval.gate}, until <Time at={approval.expires_at} />
              </span>
              <Link to="/approvals/$approval" params={{ approval: approval.id }}>
                Look and decide
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Line({ run }: { readonly run: RunView }) {
  const { stage } = route.useSearch();
  const navigate = useNavigate({ from: '/runs/$run' });
  const select = (name: string | undefined): void =>
    void navigate({ search: (before) => ({ ...before, stage: name }), replace: true, resetScroll: false });
  const shown = run.stages.find((each) => each.name === stage);
  return (
    <Section title="Line" plain>
      <div className={styles.line}>
        <Railway
          label={`Line of run ${run.number}`}
          stations={run.stages}
          selected={stage}
          onSelect={(name) => select(name === stage ? undefined : name)}
        />
      </div>
      {shown !== undefined && <StagePanel run={run} stage={shown} onClose={() => select(undefined)} />}
    </Section>
  );
}

function RunTabs({ run }: { readonly run: RunView }) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/runs/$run' });
  const key = String(run.number);
  return (
    <Tabs
      label={`Run ${run.number}`}
      value={search.tab ?? 'jobs'}
      onChange={(tab) =>
        void navigate({
          search: ({ stage }) => ({ stage, tab: tab === 'jobs' ? undefined : tab }),
          replace: true,
          resetScroll: false,
        })
      }
      tabs={[
        { value: 'jobs', label: 'Jobs', content: <JobsTab run={run} /> },
        {
          value: 'failures',
          label:
            run.failed_circuits.length === 0 ? 'Failures' : `Failures ${count(run.failed_circuits.length)}`,
          content: <FailuresTab key={key} run={run} />,
        },
        { value: 'timeline', label: 'Timeline', content: <TimelineTab run={run} /> },
        { value: 'artifacts', label: 'Artifacts', content: <ArtifactsTab run={key} /> },
        { value: 'plan', label: 'Plan', content: <PlanTab run={key} /> },
        { value: 'events', label: 'Events', content: <EventsTab run={key} /> },
      ]}
    />
  );
}
