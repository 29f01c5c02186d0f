import { useQueryClient } from '@tanstack/react-query';
import { api, ok } from '../../api/client.ts';
import { ConfirmButton, DataTable, Empty, Section, bytes, count } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { KINDS, RemovedTable, inWords } from './removed-table.tsx';
import { retentionQuery } from './settings-data.ts';
import type { previewRetention } from './settings-data.ts';

type Preview = Awaited<ReturnType<typeof previewRetention>>;
type Item = Preview['items'][number];

/** A dry run, and the button that does it. */
export function WouldGo({
  preview: { report, items, more },
  asked,
  onAsked,
}: {
  readonly preview: Preview;
  /** Somebody has asked for it already. */
  readonly asked: boolean;
  readonly onAsked: () => void;
}) {
  const queries = useQueryClient();
  const words = inWords(report);
  return (
    <Section
      title="What would go now"
      aside={
        words !== '' &&
        !asked && (
          <ConfirmButton
            small
            kind="danger"
            needs="admin"
            action="Remove it"
            title="Remove what is old?"
            act={async () => {
              await ok(api.retention.prune.$post());
              await queries.invalidateQueries({ queryKey: retentionQuery.queryKey });
              onAsked();
              return 'Retention goes through now.';
            }}
          >
            <div className="stack">
              <p>That is {words}, and what gets old until it goes through.</p>
              <p>It cannot be brought back. Runs go on meanwhile, and who asked for it stands on record.</p>
            </div>
          </ConfirmButton>
        )
      }
    >
      <div className="stack">
        {words === '' ? (
          <Empty title="Nothing would go.">What is old is needed, or nothing is old enough.</Empty>
        ) : (
          <RemovedTable report={report} />
        )}
        {items.length > 0 && (
          <DataTable
            label="What would go, and what is kept although it is old"
            height={360}
            rows={items}
            rowKey={(item) => `${item.kind} ${item.name}`}
            columns={COLUMNS}
            empty={null}
          />
        )}
        {more > 0 && <p className="muted">And {count(more)} more.</p>}
      </div>
    </Section>
  );
}

const COLUMNS: readonly Column<Item>[] = [
  {
    key: 'action',
    head: 'What',
    width: '72px',
    cell: ({ action }) => (action === 'remove' ? 'goes' : <span className="muted">kept</span>),
  },
  { key: 'kind', head: 'Kind', width: '112px', from: 640, cell: ({ kind }) => KINDS[kind][0] },
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(96px, 1fr)',
    cell: ({ name }) => <span data-hint={name}>{name}</span>,
  },
  {
    key: 'why',
    head: 'Why',
    width: 'minmax(96px, 2fr)',
    cell: ({ why }) => <span data-hint={why}>{why}</span>,
  },
  {
    key: 'bytes',
    head: 'Size',
    width: '80px',
    align: 'right',
    from: 480,
    cell: ({ bytes: size }) => (size === null ? '–' : bytes(size)),
  },
];
