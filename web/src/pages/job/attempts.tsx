import { Link } from '@tanstack/react-router';
import type { JobView } from '../../../../src/views/index.ts';
import { DataTable, Empty, Seconds, Status, Time } from '../../ui/index.ts';

/** Every attempt, with its own times and its own log. */
export const Attempts = ({ job }: { readonly job: JobView }) => (
  <DataTable
    label="Attempts"
    rows={job.attempts}
    rowKey={(attempt) => attempt.key}
    height={480}
    columns={[
      {
        key: 'number',
        head: 'Attempt',
        width: '56px',
        cell: (attempt) => (
          <Link
            to="/jobs/$job"
            params={{ job: job.name }}
            search={{ attempt: attempt.number }}
            className="row-link"
            aria-label={`Log of attempt ${attempt.number}`}
          >
            {attempt.number}
          </Link>
        ),
      },
      { key: 'status', head: 'State', width: '104px', cell: (attempt) => <Status state={attempt.status} /> },
      {
        key: 'message',
        head: 'Message',
        width: 'minmax(120px, 2fr)',
        from: 640,
        cell: (attempt) => attempt.message ?? attempt.reason?.replaceAll('_', ' ') ?? '',
      },
      {
        key: 'submitted',
        head: 'Submitted',
        width: '96px',
        from: 480,
        cell: (attempt) => <Time at={attempt.submitted_at} />,
      },
      {
        key: 'queued',
        head: 'Queued',
        width: '80px',
        from: 800,
        align: 'right',
        cell: (a) => <Seconds s={a.queued_s} />,
      },
      {
        key: 'preparing',
        head: 'Preparing',
        width: '80px',
        from: 800,
        align: 'right',
        cell: (a) => <Seconds s={a.preparing_s} />,
      },
      {
        key: 'running',
        head: 'Running',
        width: '88px',
        align: 'right',
        cell: (a) => <Seconds s={a.running_s} />,
      },
      {
        key: 'exit',
        head: 'Exit',
        width: '48px',
        from: 480,
        align: 'right',
        cell: (a) => a.exit_code ?? '–',
      },
    ]}
    empty={<Empty title="It was not handed over yet." />}
  />
);
