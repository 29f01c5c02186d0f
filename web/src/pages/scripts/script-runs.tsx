import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { progressQuery } from '../../api/progress.ts';
import { scriptRunPath } from '../../paths.ts';
import { brought, countsOf } from '../../runs/index.ts';
import type { ShownRun } from '../../runs/index.ts';
import { Counts, DataTable, Empty, Section, Status, Time, Took } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';

/** Runs of scripts, newest first; those that are open move as they go. */
export function ScriptRuns() {
  const list = useList(['runs', 'scripts'], (cursor, signal) =>
    ok(api.runs.$get({ query: { pipeline: 'scripts', limit: '50', cursor } }, { init: { signal } })),
  );
  const { data: progress } = useQuery(progressQuery);
  return (
    <Section title="Runs of scripts" plain>
      <DataTable
        label="Runs of scripts"
        {...list}
        rows={list.rows.map((run) => brought(run, progress?.[run.number]))}
        height={320}
        rowHeight={36}
        rowKey={(run) => run.id}
        columns={COLUMNS}
        empty={
          <Empty title="No script was run yet.">
            A run makes a table of settings, metrics and times, and a chart of a sweep.
          </Empty>
        }
      />
    </Section>
  );
}

const COLUMNS: readonly Column<ShownRun>[] = [
  {
    key: 'number',
    head: 'Run',
    width: '56px',
    cell: (run) => (
      <Link to={scriptRunPath(run.number)} className="row-link">
        {run.number}
      </Link>
    ),
  },
  { key: 'status', head: 'State', width: '104px', cell: (run) => <Status state={run.status} /> },
  {
    key: 'counts',
    head: 'Jobs',
    width: 'minmax(120px, 1.5fr)',
    cell: (run) => <Counts counts={countsOf(run)} />,
  },
  {
    key: 'what',
    head: 'What was asked',
    width: 'minmax(160px, 2fr)',
    from: 800,
    cell: (run) => {
      const typed = asked(run);
      return <code data-hint={typed}>{typed}</code>;
    },
  },
  { key: 'by', head: 'By', width: 'minmax(96px, 1fr)', from: 1000, cell: (run) => run.requested_by },
  { key: 'started', head: 'Started', width: '96px', from: 480, cell: (run) => <Time at={run.started_at} /> },
  {
    key: 'took',
    head: 'Took',
    width: '88px',
    align: 'right',
    from: 640,
    cell: (run) => <Took from={run.started_at} to={run.ended_at} />,
  },
];

/** As it was typed, or as it would have been. */
function asked({ params }: Pick<ShownRun, 'params'>): string {
  const typed = params['arguments'];
  return ['trainyard scripts', ...(Array.isArray(typed) ? typed.map(String) : [])].join(' ');
}
