import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { JobView } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';
import { LogView } from '../../log/index.ts';
import {
  ConfirmButton,
  ErrorNotice,
  Notice,
  Page,
  Prose,
  SelectBox,
  Skeleton,
  StatusBadge,
  Tabs,
  Time,
  Took,
} from '../../ui/index.ts';
import { Attempts } from './attempts.tsx';
import { Details } from './details.tsx';
import { Phases } from './phases.tsx';

const route = getRouteApi('/jobs/$job');

/** One training of one circuit: what it printed, how it went, and what it was. */
export function JobPage() {
  const { job: key } = route.useParams();
  const {
    data: job,
    error,
    refetch,
  } = useQuery({
    queryKey: ['jobs', 'one', key],
    queryFn: ({ signal }) => ok(api.jobs[':job'].$get({ param: { job: key } }, { init: { signal } })),
  });
  if (job === undefined) {
    return (
      <Page title={key}>
        {error === null ? (
          <Skeleton lines={10} height={24} />
        ) : (
          <ErrorNotice error={error} retry={() => void refetch()} />
        )}
      </Page>
    );
  }
  return (
    <Page
      fill
      title={job.name}
      heading={
        <>
          {job.circuit_id}
          <StatusBadge state={job.status} />
        </>
      }
      lead={<Facts job={job} />}
      actions={<Cancel key={job.name} job={job} />}
    >
      <Failure job={job} />
      <Phases job={job} />
      <Parts job={job} />
    </Page>
  );
}

function Facts({ job }: { readonly job: JobView }) {
  return (
    <>
      <span className="mono">{job.name}</span>
      <span>
        <Link to="/runs/$run" params={{ run: String(job.run) }}>
          Run {job.run}
        </Link>
        , {job.stage}
      </span>
      <span>
        attempt {job.attempt} of {job.max_attempts}
      </span>
      <span>on {job.provider}</span>
      <span>
        created <Time at={job.created_at} />
      </span>
      <span>
        {job.ended_at === null ? 'going for' : 'took'} <Took from={job.submitted_at} to={job.ended_at} />
      </span>
      {job.retry_of !== null && (
        <span>
          trains again{' '}
          <Link to="/jobs/$job" params={{ job: job.retry_of }}>
            {job.retry_of}
          </Link>
        </span>
      )}
      {job.retried_by !== null && (
        <span>
          trained again by{' '}
          <Link to="/jobs/$job" params={{ job: job.retried_by }}>
            {job.retried_by}
          </Link>
        </span>
      )}
      {job.url !== null && (
        <a href={job.url} rel="noreferrer" target="_blank">
          Page of the provider
        </a>
      )}
    </>
  );
}

function Cancel({ job }: { readonly job: JobView }) {
  const queries = useQueryClient();
  return (
    <ConfirmButton
      kind="danger"
      action="Cancel job"
      offered={job.ended_at === null && job.cancel_requested_at === null}
      title={`Cancel ${job.name}?`}
      act={async () => {
        const { requested } = await ok(api.jobs[':job'].cancel.$post({ param: { job: job.name } }));
        await queries.invalidateQueries({ queryKey: ['jobs'] });
        return requested > 0 ? 'The job is being canceled.' : 'It was over already.';
      }}
    >
      It ends now. What is canceled is not a failure; the next run trains the circuit.
    </ConfirmButton>
  );
}

function Failure({ job }: { readonly job: JobView }) {
  if (job.cancel_requested_at !== null && job.ended_at === null)
    return <Notice tone="waiting" title="It is being canceled." />;
  if (job.failure === null) {
    if (job.status !== 'failed' && job.reason === null) return null;
    return (
      <Notice
        tone={job.status === 'failed' ? 'failed' : 'idle'}
        title={job.message ?? job.reason?.replaceAll('_', ' ') ?? 'It failed'}
      />
    );
  }
  const { class: kind, title, advice } = job.failure;
  return (
    <Notice tone="failed" title={title}>
      <p>
        <strong>{kind}</strong>
        {job.message !== null && job.message !== title && <> · {job.message}</>}
      </p>
      <p className="muted">
        <Prose text={advice} />
      </p>
    </Notice>
  );
}

function Parts({ job }: { readonly job: JobView }) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/jobs/$job' });
  const set = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const attempt = search.attempt ?? job.attempt;
  const tried = job.attempts.length > 0;
  return (
    <Tabs
      label="Parts of the job"
      value={search.tab ?? 'log'}
      onChange={(tab) => set({ tab: tab === 'log' ? undefined : tab })}
      tabs={[
        {
          value: 'log',
          label: 'Log',
          content: (
            <>
              {job.attempts.length > 1 && (
                <div>
                  <SelectBox
                    label="Attempt"
                    all={null}
                    value={String(attempt)}
                    options={job.attempts.map((a) => ({
                      value: String(a.number),
                      text: `${a.number}: ${a.status}`,
                    }))}
                    onChange={(next) =>
                      set({ attempt: next === undefined ? undefined : Number(next), line: undefined })
                    }
                  />
                </div>
              )}
              {tried ? (
                <LogView
                  key={`${job.name} ${attempt}`}
                  job={job.name}
                  attempt={attempt}
                  line={search.line}
                  // A line of this attempt, also once there is a later one.
                  onLine={(line) => set({ line, attempt })}
                  q={search.q ?? ''}
                  onSearch={(q) => set({ q: q === '' ? undefined : q })}
                />
              ) : (
                <p className="muted">It was not handed over yet; there is no log.</p>
              )}
            </>
          ),
        },
        { value: 'details', label: 'Details', content: <Details job={job} /> },
        { value: 'attempts', label: `Attempts ${job.attempts.length}`, content: <Attempts job={job} /> },
      ]}
    />
  );
}
