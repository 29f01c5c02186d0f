import { useEffect, useMemo, useRef } from 'react';
import type { RefObject } from 'react';
import type { Better } from '../../metrics/differences.ts';
import { DataTable, Empty, Name, useNarrow } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import type { SubjectRow } from './approval-data.ts';
import type { Kind } from './consequences.ts';
import type { Selection } from './selection.ts';
import { VerdictOf, columnsFor } from './subject-columns.tsx';

/** The row that keys act on. `moved` counts how often keys moved it: each time the row takes the focus. */
export interface Cursor {
  readonly subject: string;
  readonly moved: number;
}

const HEADS = {
  models: 'Model',
  failures: 'Circuit',
  environments: 'Environment',
  other: 'Subject',
} as const;

/** Everything that waits for a verdict. Keys move the focus from checkbox to checkbox, so that each row is read aloud. */
export function SubjectTable({
  kind,
  list,
  metrics,
  better,
  selection,
  cursor,
  currentIndex,
  sort,
  onSort,
  onChoose,
  onLook,
}: {
  readonly kind: Kind;
  readonly list: {
    readonly rows: readonly SubjectRow[];
    readonly loading: boolean;
    readonly error: unknown;
    readonly retry: () => void;
    readonly more: boolean;
    readonly loadingMore: boolean;
    readonly onMore: () => void;
  };
  readonly metrics: readonly string[];
  readonly better: ReadonlyMap<string, Better>;
  readonly selection: Selection;
  readonly cursor: Cursor | null;
  readonly currentIndex: number;
  readonly sort: string | undefined;
  readonly onSort: (sort: string) => void;
  readonly onChoose: (subject: string, range: boolean) => void;
  readonly onLook: (subject: string) => void;
}) {
  const focused = useRef(0);
  const narrow = useNarrow();
  const rest = useMemo(() => columnsFor(kind, metrics, better, narrow), [kind, metrics, better, narrow]);
  const columns: Column<SubjectRow>[] = [
    {
      key: 'choose',
      head: <span className="unseen">Selected</span>,
      width: '16px',
      cell: ({ subject }) => (
        <Choose
          subject={subject}
          chosen={selection.names.has(subject)}
          moved={cursor?.subject === subject ? cursor.moved : null}
          focused={focused}
          onChoose={onChoose}
        />
      ),
    },
    {
      key: 'subject',
      head: HEADS[kind],
      width: 'minmax(140px, 2fr)',
      sort: 'subject',
      cell: (row) => (
        <>
          <button
            type="button"
            className={`row-link ${styles.name ?? ''}`}
            aria-label={row.subject}
            data-hint={row.subject}
            onClick={(event) => (event.shiftKey ? onChoose(row.subject, true) : onLook(row.subject))}
          >
            <Name text={row.subject} />
          </button>
          {narrow && (
            <span className="below">
              <VerdictOf subject={row} />
            </span>
          )}
        </>
      ),
    },
    ...rest,
  ];
  return (
    <DataTable
      label={HEADS[kind] === 'Subject' ? 'Subjects' : `${HEADS[kind]}s`}
      {...list}
      rowKey={(row) => row.subject}
      rowHeight={narrow ? 56 : 32}
      columns={columns}
      selected={(row) => selection.names.has(row.subject)}
      current={currentIndex}
      sort={sort ?? 'subject'}
      onSort={onSort}
      empty={<Empty title="Nothing in this request matches.">Take a filter away.</Empty>}
    />
  );
}

function Choose({
  subject,
  chosen,
  moved,
  focused,
  onChoose,
}: {
  readonly subject: string;
  readonly chosen: boolean;
  /** How often keys moved the cursor, on the row that has it. */
  readonly moved: number | null;
  /** Up to which move the focus has followed. */
  readonly focused: RefObject<number>;
  readonly onChoose: (subject: string, range: boolean) => void;
}) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (moved === null || moved === focused.current) return;
    focused.current = moved;
    box.current?.focus({ preventScroll: true });
  }, [moved, focused]);
  return (
    <input
      ref={box}
      type="checkbox"
      className={`above-row ${styles.box ?? ''}`}
      aria-label={`Select ${subject}`}
      checked={chosen}
      readOnly
      onClick={(event) => onChoose(subject, event.shiftKey)}
    />
  );
}
