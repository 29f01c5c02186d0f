import type { JobRow } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { jobPath } from '../../paths.ts';
import { DataTable, Empty, RowLink, Seconds, Status, Took } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';

/** The jobs of a run as rows, filtered and paged by the server. */
export function JobsTable({
  run,
  status,
  q,
}: {
  readonly run: string;
  readonly status: JobRow['status'] | undefined;
  readonly q: string | undefined;
}) {
  const list = useList(['progress', 'jobs', run, status, q], (cursor, signal) =>
    ok(api.jobs.$get({ query: { run, status, q, limit: '100', cursor } }, { init: { signal } })),
  );
  return (
    <DataTable
      label="Jobs"
      {...list}
      rowKey={(job) => job.id}
      height={640}
      columns={COLUMNS}
      empty={<Empty title="No job is like that.">Take a filter away.</Empty>}
    />
  );
}

const COLUMNS: readonly Column<JobRow>[] = [
  {
    key: 'circuit',
    head: 'Circuit',
    width: 'minmax(104px, 2fr)',
    cell: (job) => <RowLink to={jobPath(job.name)} name={job.circuit_id} />,
  },
  { key: 'status', head: 'State', width: '104px', cell: (job) => <Status state={job.status} /> },
  {
    key: 'reason',
    head: 'Reason',
    width: 'minmax(120px, 2fr)',
    from: 640,
    cell: (job) => <span className="muted">{job.message ?? job.reason?.replaceAll('_', ' ') ?? ''}</span>,
  },
  {
    key: 'attempt',
    head: 'Attempt',
    width: '104px',
    from: 640,
    cell: (job) => `${job.attempt} of ${job.max_attempts}${job.retry ? ', retry' : ''}`,
  },
  {
    key: 'queued',
    head: 'Queued',
    width: '88px',
    from: 1000,
    align: 'right',
    cell: (job) => <Seconds s={job.queued_s} />,
  },
  {
    key: 'preparing',
    head: 'Preparing',
    width: '88px',
    from: 1000,
    align: 'right',
    cell: (job) => <Seconds s={job.preparing_s} />,
  },
  {
    key: 'running',
    head: 'Running',
    width: '80px',
    align: 'right',
    cell: (job) =>
      job.running_s === null ? (
        <Took from={job.running_at} to={job.ended_at} />
      ) : (
        <Seconds s={job.running_s} />
      ),
  },
];
