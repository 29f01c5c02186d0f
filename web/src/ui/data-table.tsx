import { useRouter } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { CSSProperties, MouseEvent, ReactNode, RefObject } from 'react';
import styles from './data-table.module.css';
import { InTable } from './in-table.ts';
import { ErrorNotice } from './notice.tsx';
import { shownColumns } from './shown-columns.ts';
import { Skeleton } from './skeleton.tsx';

export interface Column<T> {
  readonly key: string;
  readonly head: ReactNode;
  /** A track of the grid: `120px`, `minmax(160px, 2fr)`. */
  readonly width: string;
  readonly cell: (row: T) => ReactNode;
  /** Figures stand on the right. */
  readonly align?: 'right';
  /** Left out where the table is narrower than so many px, or has no room for it. */
  readonly from?: 480 | 640 | 800 | 1000 | 1200;
  /** The key that the server sorts by; the head becomes a button. */
  readonly sort?: string;
}

interface DataTableProps<T> {
  /** What it is a table of, for those who hear it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** Marks rows, such as `data-tone`. */
  readonly tone?: (row: T) => string | undefined;
  readonly selected?: ((row: T) => boolean) | undefined;
  /** Index of the row that keys act on: it is marked, and brought into sight when it changes. */
  readonly current?: number | undefined;
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
  readonly loading?: boolean;
  readonly error?: unknown;
  readonly retry?: () => void;
  /** What stands there instead of no rows. */
  readonly empty: ReactNode;
  /** Is there a page more, and is it on its way? */
  readonly more?: boolean;
  readonly loadingMore?: boolean;
  readonly onMore?: () => void;
  /** Takes the height that is left (in a page that fills the window) or this many px at most. */
  readonly height?: 'fill' | number;
  readonly rowHeight?: number;
  /** Nothing in its rows takes the focus: the table does, so that keys can scroll it. */
  readonly focusable?: boolean;
}

/**
 * A table of any length: only what is in sight is drawn, the head stays, the next page is fetched in time. Columns give
 * way where there is little room. A link with the class `row-link` takes the clicks of its whole row; where there are
 * thousands of rows it is a RowLink.
 */
export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, rowKey, empty, more = false, loadingMore = false, onMore } = props;
  const { height = 'fill', rowHeight = 32 } = props;
  const scroller = useRef<HTMLDivElement>(null);
  // Always the same while the rows are: else the place of each row is worked out anew with every step of scrolling.
  const getItemKey = useCallback(
    (i: number) => {
      const row = rows[i];
      return row === undefined ? i : rowKey(row);
    },
    [rows, rowKey],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    // Rows are made beside the step of scrolling and not within it: the page goes on to follow the wheel.
    useFlushSync: false,
    scrollPaddingEnd: HEAD_PX,
    getItemKey,
  });
  const broken = props.error !== undefined && props.error !== null;
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (more && !loadingMore && !broken && last >= rows.length - 20) onMore?.();
  }, [more, loadingMore, last, rows.length, onMore, broken]);

  useStill(scroller, rows, rowKey, rowHeight);
  const { current = -1 } = props;
  useEffect(() => {
    if (current >= 0) virtual.scrollToIndex(current);
  }, [current, virtual]);

  // Rows are come to by what is in them; where nothing is, keys scroll the table itself.
  const [bare, setBare] = useState(false);
  useLayoutEffect(() => setBare(scroller.current?.querySelector('a, button, input') === null), [rows]);

  const width = useWidth(scroller);
  const shown = useMemo(
    () => shownColumns(columns, width, window.innerWidth < 640 ? 12 : 16),
    [columns, width],
  );
  const follow = useFollow();
  const wait = props.loading === true && rows.length === 0;
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      onClick={follow}
      // What had the focus in it may go away: the table takes it then.
      tabIndex={bare ? 0 : -1}
      data-scroller
      data-fill={height === 'fill' || undefined}
      {...(props.focusable === true ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}
      style={height === 'fill' ? undefined : { maxHeight: height }}
    >
      <div
        role="table"
        aria-label={label}
        aria-rowcount={more ? -1 : rows.length + 1}
        aria-busy={wait}
        className={styles.table}
        style={looks(shown, rowHeight)}
      >
        <div role="rowgroup" className={styles.head}>
          <div role="row" className={styles.row} aria-rowindex={1}>
            {shown.map((column) => (
              <Head key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </div>
        </div>
        <InTable value={true}>
          <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              return row === undefined ? null : (
                <Row
                  key={item.key}
                  row={row}
                  columns={shown}
                  index={item.index}
                  start={item.start}
                  selected={props.selected?.(row)}
                  current={item.index === current}
                  tone={props.tone?.(row)}
                />
              );
            })}
          </div>
        </InTable>
      </div>
      {wait && !broken && (
        <div className={styles.foot}>
          <Skeleton lines={8} height={rowHeight - 8} />
        </div>
      )}
      {broken && (
        <div className={styles.foot}>
          <ErrorNotice error={props.error} retry={props.retry} />
        </div>
      )}
      {!wait && !broken && rows.length === 0 && empty}
      {loadingMore && <div className={styles.foot}>Loading more …</div>}
    </div>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly index: number;
  readonly start: number;
  readonly selected: boolean | undefined;
  readonly current: boolean;
  readonly tone: string | undefined;
}

/** While the table is scrolled, only the rows that come into sight are made. */
const Row = memo(<T,>({ row, columns, index, start, selected, current, tone }: RowProps<T>) => (
  <div
    role="row"
    aria-rowindex={index + 2}
    aria-selected={selected}
    data-current={current || undefined}
    className={styles.row}
    data-tone={tone}
    style={{ transform: `translateY(${start}px)` }}
  >
    {columns.map((column) => (
      <div key={column.key} role="cell" className={styles.cell} data-align={column.align}>
        {column.cell(row)}
      </div>
    ))}
  </div>
)) as <T>(props: RowProps<T>) => ReactNode;

/** What all rows have in common is said once. */
const looks = <T,>(
  columns: readonly Column<T>[],
  row_px: number,
): CSSProperties & Readonly<Record<`--${string}`, string>> => ({
  '--tracks': columns.map((column) => column.width).join(' '),
  '--row-px': `${row_px}px`,
});

/** Takes the clicks on RowLinks for the router. */
function useFollow(): (event: MouseEvent) => void {
  const router = useRouter();
  return (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[data-inside]') : null;
    if (link === null || event.defaultPrevented || event.button !== 0) return;
    // Whoever wants it in a tab or window of its own gets that from the browser.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate({ href: link.getAttribute('href') ?? '/' });
  };
}

function Head<T>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<T>;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}) {
  const { sort: key } = column;
  const order = key === undefined || sort === undefined ? null : orderOf(sort, key);
  return (
    <div
      role="columnheader"
      className={styles.cell}
      data-align={column.align}
      aria-sort={order === null ? undefined : order === 'up' ? 'ascending' : 'descending'}
    >
      {key === undefined || onSort === undefined ? (
        column.head
      ) : (
        <button
          type="button"
          className={styles.sort}
          onClick={() => onSort(order === 'up' ? `-${key}` : key)}
        >
          {column.head}
          <span aria-hidden="true">{order === 'up' ? ' ↑' : order === 'down' ? ' ↓' : ''}</span>
        </button>
      )}
    </div>
  );
}

/** The head lies over the first rows. */
const HEAD_PX = 33;

/** `name` sorts upwards by it, `-name` downwards. */
const orderOf = (sort: string, key: string): 'up' | 'down' | null =>
  sort === key ? 'up' : sort === `-${key}` ? 'down' : null;

/** Rows that come before all others push none away from under the pointer, unless the beginning is what is looked at. */
function useStill<T>(
  scroller: RefObject<HTMLDivElement | null>,
  rows: readonly T[],
  rowKey: (row: T) => string,
  row_px: number,
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const [first, second] = before.current;
    before.current = rows;
    const element = scroller.current;
    if (first === undefined || second === undefined || element === null || element.scrollTop === 0) return;
    const came = rows.findIndex((row) => rowKey(row) === rowKey(first));
    const next = rows[came + 1];
    // In another order the second would stand elsewhere.
    if (came < 1 || next === undefined || rowKey(next) !== rowKey(second)) return;
    element.scrollTop += came * row_px;
  }, [scroller, rows, rowKey, row_px]);
}

/** How wide the element is, measured before it is painted and whenever it changes. */
function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
