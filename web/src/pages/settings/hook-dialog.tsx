import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/list.ts';
import { runPath } from '../../paths.ts';
import { Button, DataTable, Dialog, DialogFoot, Empty, Status, Time } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { deliveries } from './settings-data.ts';
import type { Delivery } from './settings-data.ts';

const route = getRouteApi('/settings');

/** The calls of one hook, and what became of them. */
export function HookDialog() {
  const { hook } = route.useSearch();
  const navigate = useNavigate({ from: '/settings' });
  const close = (): void => void navigate({ search: { tab: 'hooks' }, replace: true });
  return (
    <Dialog wide open={hook !== undefined} onClose={close} title={`Calls of ${hook ?? ''}`}>
      {hook !== undefined && <Calls name={hook} />}
      <DialogFoot>
        <Button onClick={close}>Close</Button>
      </DialogFoot>
    </Dialog>
  );
}

function Calls({ name }: { readonly name: string }) {
  const list = useList(['hooks', 'calls', name], (cursor, signal) => deliveries(name, cursor, signal));
  return (
    <DataTable
      label={`Calls of ${name}`}
      {...list}
      columns={COLUMNS}
      height={400}
      rowKey={(call) => call.id}
      empty={
        <Empty title="It was not called yet.">
          <code>trainyard hooks test {name}</code> calls it as its sender would.
        </Empty>
      }
    />
  );
}

const COLUMNS: readonly Column<Delivery>[] = [
  { key: 'received_at', head: 'Time', width: '88px', cell: (d) => <Time at={d.received_at} /> },
  { key: 'outcome', head: 'Outcome', width: '104px', cell: (d) => <Status state={d.outcome} /> },
  {
    key: 'run',
    head: 'Run',
    width: '40px',
    cell: (d) => (d.run_number === null ? '' : <Link to={runPath(d.run_number)}>{d.run_number}</Link>),
  },
  {
    key: 'event',
    head: 'Event',
    width: 'minmax(80px, 1fr)',
    from: 640,
    cell: (d) => (
      <span title={d.branch ?? undefined}>
        {d.event ?? ''}
        {d.branch !== null && <span className="muted"> {d.branch}</span>}
      </span>
    ),
  },
  {
    key: 'message',
    head: 'What came of it',
    width: 'minmax(120px, 3fr)',
    from: 480,
    cell: (d) => <span title={d.message}>{d.message}</span>,
  },
];
