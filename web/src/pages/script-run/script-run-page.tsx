import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { runPath } from '../../paths.ts';
import { runQuery } from '../../runs/index.ts';
import { resultsQuery } from '../../scripts/index.ts';
import {
  Command,
  Counts,
  ErrorNotice,
  Notice,
  Page,
  Skeleton,
  StatusBadge,
  Time,
  Took,
  plural,
} from '../../ui/index.ts';
import { guessedGoal } from './axes.ts';
import { ResultsTable } from './results-table.tsx';
import { Sweep } from './sweep.tsx';

const route = getRouteApi('/scripts/runs/$run');

/** A run of scripts, a sweep above all: which settings came to what, as a chart and as a table. */
export function ScriptRunPage() {
  const { run } = route.useParams();
  // What another run came to does not stand in for this one.
  return <ScriptRun key={run} number={run} />;
}

function ScriptRun({ number: key }: { readonly number: string }) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/scripts/runs/$run' });
  const set = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const ofRun = useQuery(runQuery(key));
  // Which metrics there are is known once the first answer is there.
  const results = useQuery(resultsQuery(key, undefined));
  const { data: run } = ofRun;
  const { data: first } = results;
  const failed = [ofRun, results].find((query) => query.isError);
  const failure = failed !== undefined && (
    <ErrorNotice error={failed.error} retry={() => void failed.refetch()} />
  );
  const title = `Scripts of run ${key}`;
  if (run === undefined || first === undefined)
    return <Page title={title}>{failure === false ? <Skeleton lines={10} height={24} /> : failure}</Page>;
  const metric = first.metrics.find((name) => name === search.metric) ?? first.metrics[0];
  const goal = search.goal ?? (metric === undefined ? 'lowest' : guessedGoal(metric));
  return (
    <Page
      title={title}
      heading={
        <>
          {title} <StatusBadge state={run.status} />
        </>
      }
      lead={
        <>
          <span>
            <Link to={runPath(run.number)}>Stages of the run</Link>
          </span>
          <span>by {run.requested_by}</span>
          <span>
            started <Time at={run.started_at} />
          </span>
          <span>
            {run.ended_at === null ? 'going for' : 'took'} <Took from={run.started_at} to={run.ended_at} />
          </span>
          <Counts counts={run.jobs} />
        </>
      }
    >
      {failure}
      <Typed text={typed(run.params)} />
      {first.resumed.length > 0 && (
        <Notice
          tone="idle"
          title={`${plural(first.resumed.length, 'script')} left out, as the run before had finished them`}
        />
      )}
      {metric !== undefined && (
        <Sweep
          run={key}
          metric={metric}
          goal={goal}
          parameters={first.parameters}
          metrics={first.metrics}
          chosen={search}
          onChoose={set}
        />
      )}
      <ResultsTable run={key} results={first} metric={metric} goal={goal} filter={search} onFilter={set} />
    </Page>
  );
}

/** A sweep over thousands of values is nothing to read. */
const Typed = ({ text }: { readonly text: string }) =>
  text.length <= 600 ? (
    <div>
      <Command text={text} />
    </div>
  ) : (
    <p>
      <code>{text.slice(0, 600)}</code> …
    </p>
  );

/** As it was typed, or as it would have been. */
function typed({ arguments: given }: Readonly<Record<string, unknown>>): string {
  return ['trainyard scripts', ...(Array.isArray(given) ? given.map(String) : [])].join(' ');
}
