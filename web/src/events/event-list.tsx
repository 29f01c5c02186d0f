import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ApiEvent } from '../../../src/client/index.ts';
import { useList } from '../api/list.ts';
import { DataTable, Empty, StatusShape, Time } from '../ui/index.ts';
import type { Column } from '../ui/index.ts';
import { pageOfEvents } from './data.ts';
import type { EventFilter } from './data.ts';
import { EventDialog } from './event-dialog.tsx';

/** Events, newest first, growing at the top as things happen. */
export function EventList({
  height = 'fill',
  filtered = false,
  ...filter
}: EventFilter & {
  readonly height?: number | 'fill';
  /** Somebody chose what is shown. */
  readonly filtered?: boolean;
}) {
  const [open, setOpen] = useState<ApiEvent | null>(null);
  const list = useList(['events', 'list', filter], (cursor, signal) => pageOfEvents(filter, cursor, signal));
  const columns: readonly Column<ApiEvent>[] = [
    { key: 'at', head: 'Time', width: '96px', cell: (event) => <Time at={event.at} /> },
    {
      key: 'severity',
      head: <span className="unseen">Severity</span>,
      width: '16px',
      cell: (event) => <StatusShape state={event.severity} />,
    },
    {
      key: 'message',
      head: 'What happened',
      width: 'minmax(160px, 4fr)',
      cell: (event) => (
        <button type="button" className="row-link row-button" onClick={() => setOpen(event)}>
          {event.message}
        </button>
      ),
    },
    {
      key: 'type',
      head: 'Type',
      width: 'minmax(128px, 1fr)',
      from: 800,
      cell: (event) => <span className="muted">{event.type}</span>,
    },
    ...(filter.run === undefined
      ? [
          {
            key: 'run',
            head: 'Run',
            width: '64px',
            from: 480,
            cell: (event: ApiEvent) =>
              event.run === null ? (
                ''
              ) : (
                <Link to="/runs/$run" params={{ run: String(event.run) }} className="above-row">
                  {event.run}
                </Link>
              ),
          } as const,
        ]
      : []),
    {
      key: 'actor',
      head: 'By',
      width: 'minmax(96px, 1fr)',
      from: 1000,
      cell: (event) => <span className="muted">{event.actor ?? ''}</span>,
    },
  ];
  return (
    <>
      <DataTable
        label="Events"
        {...list}
        rowKey={(event) => String(event.seq)}
        height={height}
        columns={columns}
        empty={
          filtered ? (
            <Empty title="Nothing happened that is like this.">Take a filter away.</Empty>
          ) : (
            <Empty title="Nothing happened yet.">
              What runs, schedules and people do stands here as it happens.
            </Empty>
          )
        }
      />
      {open !== null && <EventDialog event={open} onClose={() => setOpen(null)} />}
    </>
  );
}
