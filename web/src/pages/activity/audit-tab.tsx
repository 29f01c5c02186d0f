import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditEntryView } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { EventDialog } from '../../events/index.ts';
import {
  Button,
  DataTable,
  Empty,
  ErrorNotice,
  Filters,
  Notice,
  SearchBox,
  Time,
  plural,
} from '../../ui/index.ts';

interface AuditFilter {
  readonly actor?: string | undefined;
  readonly run?: string | undefined;
}

/** Every change that somebody answers for, chained: what was edited, removed or put elsewhere shows. */
export function AuditTab({
  search: { actor, run },
  onSearch,
}: {
  readonly search: AuditFilter;
  readonly onSearch: (next: AuditFilter) => void;
}) {
  const [open, setOpen] = useState<AuditEntryView | null>(null);
  const list = useList(['audit', 'list', actor, run], (cursor, signal) =>
    ok(api.audit.$get({ query: { by: actor, run, cursor, limit: 100 } }, { init: { signal } })),
  );
  const check = useMutation({ mutationFn: () => ok(api.audit.verify.$get({ query: {} })) });
  return (
    <>
      <Filters>
        <SearchBox label="Person" value={actor ?? ''} onChange={(next) => onSearch({ actor: next })} />
        <SearchBox label="Run" value={run ?? ''} onChange={(next) => onSearch({ run: next })} />
        <Button busy={check.isPending} onClick={() => check.mutate()}>
          Verify the chain
        </Button>
      </Filters>
      {check.data !== undefined && (
        <div role="status">
          {check.data.ok ? (
            <Notice
              tone="ok"
              title={`✓ All ${plural(check.data.entries, 'entry', 'entries')} are as they were written.`}
            />
          ) : (
            <Notice tone="failed" title="✗ The chain is broken">
              <p>{check.data.problem}</p>
            </Notice>
          )}
        </div>
      )}
      {check.isError && <ErrorNotice error={check.error} retry={() => check.mutate()} />}
      <DataTable
        label="Audit"
        {...list}
        rowKey={(entry) => String(entry.seq)}
        columns={[
          { key: 'seq', head: 'No.', width: '56px', align: 'right', from: 480, cell: (entry) => entry.seq },
          { key: 'at', head: 'Time', width: '96px', cell: (entry) => <Time at={entry.at} /> },
          {
            key: 'message',
            head: 'What was done',
            width: 'minmax(160px, 3fr)',
            cell: (entry) => (
              <button type="button" className="row-link row-button" onClick={() => setOpen(entry)}>
                {entry.message}
              </button>
            ),
          },
          { key: 'actor', head: 'By', width: 'minmax(128px, 1fr)', from: 640, cell: (entry) => entry.actor },
          {
            key: 'identity',
            head: 'Identity',
            width: '80px',
            from: 800,
            cell: (entry) => <span className="muted">{entry.identity}</span>,
          },
          {
            key: 'type',
            head: 'Type',
            width: 'minmax(128px, 1fr)',
            from: 1000,
            cell: (entry) => <span className="muted">{entry.type}</span>,
          },
          {
            key: 'hash',
            head: 'Hash',
            width: '96px',
            from: 1000,
            cell: (entry) => <code>{entry.hash.slice(0, 10)}</code>,
          },
        ]}
        empty={
          actor === undefined && run === undefined ? (
            <Empty title="Nobody changed anything yet.">
              Every change is put on record here, with who made it.
            </Empty>
          ) : (
            <Empty title="Nobody did anything that is like this.">Take a filter away.</Empty>
          )
        }
      />
      {open !== null && <EventDialog event={open} onClose={() => setOpen(null)} />}
    </>
  );
}
