import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import type { CircuitView } from '../../../../src/views/index.ts';
import { circuitQuery } from '../../api/circuits.ts';
import { usePlanning } from '../../api/plans.ts';
import { jobPath, modelPath, runPath, versionPath } from '../../paths.ts';
import {
  Button,
  Changes,
  DataTable,
  Empty,
  ErrorNotice,
  Fact,
  Facts,
  Page,
  Section,
  Seconds,
  SettingsList,
  Skeleton,
  Status,
  StatusBadge,
  Time,
  number,
} from '../../ui/index.ts';
import { AcceptCircuit } from './accept-circuit.tsx';
import styles from './circuit-page.module.css';
import { MetricHistory } from './metric-history.tsx';

const route = getRouteApi('/fleet/$circuit');

/** One circuit: how it stands and why, its settings, its models and jobs. */
export function CircuitPage() {
  const { circuit: id } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/fleet/$circuit' });
  const { data, error, refetch } = useQuery(circuitQuery(id));
  const failure = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined)
    return <Page title={id}>{failure === false ? <Skeleton lines={12} height={24} /> : failure}</Page>;
  return (
    <Page
      title={id}
      heading={
        <>
          {id} <StatusBadge state={data.state} />
        </>
      }
      lead={
        <>
          <span>
            plant{' '}
            <Link to="/fleet" search={{ plant: data.plant_id }}>
              {data.plant_id}
            </Link>
          </span>
          <span>
            model <Link to={modelPath(data.model_name)}>{data.model_name}</Link>
          </span>
          {data.owed_since !== null && (
            <span>
              owed since <Time at={data.owed_since} />
            </span>
          )}
        </>
      }
      actions={
        <>
          <AcceptCircuit key={`accept ${id}`} circuit={data} />
          <PlanOne key={`plan ${id}`} id={id} />
        </>
      }
    >
      {failure}
      <div className={styles.top}>
        <Why circuit={data} />
        <MetricHistory
          history={data.history}
          metric={search.metric}
          telling={data.trend?.metric}
          onMetric={(metric) => void navigate({ search: { metric }, replace: true })}
        />
      </div>
      <Section title="Settings" aside={<span className="muted">after defaults</span>}>
        <SettingsList settings={data.settings} />
      </Section>
      <Versions history={data.history} good={data.last_good?.version ?? null} />
      <Jobs jobs={data.jobs} />
    </Page>
  );
}

/** Makes a plan for this circuit alone. */
function PlanOne({ id }: { readonly id: string }) {
  const planning = usePlanning();
  return (
    <>
      <Button needs="operator" busy={planning.isPending} onClick={() => planning.plan({ circuits: [id] })}>
        Plan its training
      </Button>
      {planning.isError && <ErrorNotice error={planning.error} />}
    </>
  );
}

function Why({ circuit: { why, state, last_good } }: { readonly circuit: CircuitView }) {
  return (
    <Section title={state === 'good' ? 'Why it is not trained' : 'Why'}>
      <div className="stack">
        <p className={styles.reason}>{why.reason}</p>
        {saysMore(why) && <Changes changes={why.changes ?? []} />}
        <Facts>
          <Fact name="Cause">{why.cause.replaceAll('_', ' ')}</Fact>
          <Fact name="Good model">
            {last_good === null ? (
              'none yet'
            ) : (
              <>
                v{last_good.version}, <Time at={last_good.created_at} relative />
              </>
            )}
          </Fact>
          <Fact name="Wanted training hash">
            <span className="mono">{why.training_hash}</span>
          </Fact>
          <Fact name="Hash of the good model">
            <span className="mono">{why.previous_hash ?? '–'}</span>
          </Fact>
          <Fact name="Inputs digest">
            <span className="mono">{why.inputs_digest === '' ? '–' : why.inputs_digest}</span>
          </Fact>
          <Fact name="Stands in">line {why.line} of circuits.yaml</Fact>
        </Facts>
      </div>
    </Section>
  );
}

/** Whether the changes tell more than the reason, which names a single one with its values. */
const saysMore = ({ changes, reason }: CircuitView['why']): boolean =>
  changes !== null &&
  changes.length > 0 &&
  (changes.length > 1 || !reason.startsWith(changes[0]?.field ?? ''));

function Versions({
  history,
  good,
}: {
  readonly history: CircuitView['history'];
  readonly good: number | null;
}) {
  const metrics = [...new Set(history.flatMap((v) => Object.keys(v.metrics)))].slice(0, 3);
  return (
    <Section title="Versions" plain>
      <DataTable
        label="Versions"
        height={360}
        rows={history.toReversed()}
        rowKey={(v) => `${v.model_name} ${v.version}`}
        columns={[
          {
            key: 'version',
            head: 'Version',
            width: '64px',
            cell: (v) => (
              <Link to={versionPath(v.model_name, v.version)} className="row-link">
                v{v.version}
              </Link>
            ),
          },
          {
            key: 'state',
            head: '',
            width: '104px',
            cell: (v) =>
              v.withdrawn ? (
                <Status state="withdrawn" />
              ) : v.version === good ? (
                <Status state="good" />
              ) : v.pr ? (
                <span className="muted">pull request</span>
              ) : null,
          },
          { key: 'made', head: 'Registered', width: '104px', cell: (v) => <Time at={v.created_at} /> },
          {
            key: 'run',
            head: 'Run',
            width: '64px',
            from: 480,
            cell: (v) =>
              v.run === null ? (
                <span className="muted">gone</span>
              ) : (
                <Link to={runPath(v.run)} className="above-row">
                  {v.run}
                </Link>
              ),
          },
          ...metrics.map(
            (metric) =>
              ({
                key: metric,
                head: metric,
                width: 'minmax(72px, 1fr)',
                align: 'right',
                from: 640,
                cell: (v: CircuitView['history'][number]) =>
                  v.metrics[metric] === undefined ? '–' : number(v.metrics[metric]),
              }) as const,
          ),
          {
            key: 'hash',
            head: 'Training hash',
            width: '128px',
            align: 'right',
            from: 800,
            cell: (v) => <span className="mono">{v.training_hash}</span>,
          },
        ]}
        empty={<Empty title="No model yet.">Its first training that succeeds registers version 1.</Empty>}
      />
    </Section>
  );
}

const Jobs = ({ jobs }: { readonly jobs: CircuitView['jobs'] }) => (
  <Section title="Jobs" aside={<span className="muted">the last twenty</span>} plain>
    <DataTable
      label="Jobs"
      height={360}
      rows={jobs}
      rowKey={(job) => job.id}
      columns={[
        {
          key: 'name',
          head: 'Job',
          width: 'minmax(144px, 2fr)',
          cell: (job) => (
            <Link to={jobPath(job.id)} className="row-link" data-hint={job.name}>
              {job.name}
            </Link>
          ),
        },
        { key: 'status', head: 'State', width: '104px', cell: (job) => <Status state={job.status} /> },
        {
          key: 'run',
          head: 'Run',
          width: '64px',
          from: 480,
          cell: (job) => (
            <Link to={runPath(job.run)} className="above-row">
              {job.run}
            </Link>
          ),
        },
        {
          key: 'why',
          head: 'What it said',
          width: 'minmax(120px, 2fr)',
          from: 800,
          cell: (job) =>
            job.message === null ? (
              <span className="muted">–</span>
            ) : (
              <span data-hint={job.message}>{job.message}</span>
            ),
        },
        {
          key: 'attempt',
          head: 'Attempt',
          width: '64px',
          align: 'right',
          from: 640,
          cell: (job) => job.attempt,
        },
        {
          key: 'took',
          head: 'Ran for',
          width: '96px',
          align: 'right',
          from: 480,
          cell: (job) => <Seconds s={job.running_s} />,
        },
        {
          key: 'ended',
          head: 'Ended',
          width: '104px',
          align: 'right',
          from: 640,
          cell: (job) => <Time at={job.ended_at} />,
        },
      ]}
      empty={<Empty title="It was never trained.">Plan its training with the button above.</Empty>}
    />
  </Section>
);
