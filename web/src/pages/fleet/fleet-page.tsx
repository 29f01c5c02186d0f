import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { boardQuery } from '../../api/circuits.ts';
import {
  Button,
  Choice,
  Empty,
  ErrorNotice,
  Filters,
  Page,
  SearchBox,
  SelectBox,
  Skeleton,
  Time,
  count,
  plural,
  useNarrow,
} from '../../ui/index.ts';
import { Board } from './board.tsx';
import { FleetProblemNotice } from './fleet-problem.tsx';
import styles from './fleet-page.module.css';
import { FleetTable } from './fleet-table.tsx';
import { useFound } from './fleet-queries.ts';
import { useKeptSelection } from './kept-selection.ts';
import { NOTHING, add, extend, prune, toggle } from './selection.ts';
import { SelectionBar } from './selection-bar.tsx';
import { StateFilter } from './state-filter.tsx';
import { filterTiles, tilesOf } from './tiles.ts';

const route = getRouteApi('/fleet');
const VIEWS = [
  { value: 'board', text: 'Board' },
  { value: 'table', text: 'Table' },
] as const;

/** Every circuit: how it stands, as a board or as a table; what is picked can be planned. */
export function FleetPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/fleet' });
  const filter = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  // Where a board would be a column of tiles, a table tells more.
  const narrow = useNarrow();
  const view = search.view ?? (narrow ? 'table' : 'board');

  const board = useQuery(boardQuery);
  const found = useFound(search);
  const [selection, setSelection] = useKeptSelection();
  const tiles = useMemo(() => (board.data === undefined ? [] : tilesOf(board.data)), [board.data]);
  const { plant, state, cause } = search;
  const { shown, counts, total } = useMemo(
    () => filterTiles(tiles, { plant, state, cause, found: found.ids }),
    [tiles, plant, state, cause, found.ids],
  );
  const order = useMemo(() => shown.map((tile) => tile.id), [shown]);
  // Circuits that are gone from the config cannot be trained.
  useEffect(() => {
    const known = new Set(tiles.map((tile) => tile.id));
    if (known.size > 0) setSelection((before) => prune(before, (id) => known.has(id)));
  }, [tiles]);

  // As long as what is looked for is not found, what is shown is not what matches.
  const addAll = (): void => {
    if (!found.pending && found.error === null) setSelection((before) => add(before, order));
  };
  const open = (id: string): void => void navigate({ to: '/fleet/$circuit', params: { circuit: id } });
  const clear = (): void => setSelection(NOTHING);
  const { data } = board;
  const filtered = [plant, state, cause, search.q].some((part) => part !== undefined);
  const unread = data !== undefined && data.at === null && data.problem === null;
  return (
    <Page
      title="Fleet"
      fill
      lead={
        data !== undefined &&
        data.at !== null && (
          <>
            <span>
              {plural(tiles.length, 'circuit')} of {plural(data.plants.length, 'plant')}
            </span>
            <span>
              as of <Time at={data.at} />
              {data.refreshing && ', looking again'}
            </span>
          </>
        )
      }
      actions={
        <Choice label="Show as" value={view} options={VIEWS} onChange={(next) => filter({ view: next })} />
      }
    >
      {board.error !== null && data !== undefined && (
        <ErrorNotice error={board.error} retry={() => void board.refetch()} />
      )}
      {data?.problem != null && <FleetProblemNotice problem={data.problem} at={data.at} />}
      <StateFilter
        counts={counts}
        total={total}
        value={state}
        loading={data === undefined || unread || found.error !== null}
        onChange={(next) => filter({ state: next })}
      />
      <div className={styles.filters}>
        <Filters>
          <SearchBox
            label="Find circuits"
            placeholder="Id, model or reason"
            value={search.q ?? ''}
            onChange={(q) => filter({ q })}
          />
          {(data?.plants.length ?? 0) > 1 && (
            <SelectBox
              label="Plant"
              value={plant}
              options={data?.plants.map((p) => ({ value: p.plant_id, text: p.plant_id })) ?? []}
              onChange={(next) => filter({ plant: next })}
            />
          )}
          <SelectBox
            label="Cause"
            value={cause}
            options={data?.causes ?? []}
            onChange={(next) => filter({ cause: next })}
          />
          {filtered && (
            <Button
              small
              onClick={() => filter({ plant: undefined, state: undefined, cause: undefined, q: undefined })}
            >
              Clear filters
            </Button>
          )}
          <span className={styles.matching}>
            {data !== undefined && shown.length > 0 && found.error === null && (
              <Button small busy={found.pending} onClick={addAll}>
                Select {filtered ? `the ${count(shown.length)} that match` : `all ${count(shown.length)}`}
              </Button>
            )}
          </span>
        </Filters>
      </div>
      {unread ? (
        <div className={styles.wait}>
          <p className="muted">The fleet is being read for the first time …</p>
          <Skeleton lines={10} height={24} />
        </div>
      ) : view === 'table' ? (
        <FleetTable
          search={search}
          selection={selection.ids}
          onToggle={(id) => setSelection((before) => toggle(before, id))}
          onExtend={(id, ids) => setSelection((before) => extend(before, id, ids))}
          onSort={(sort) => filter({ sort })}
          narrow={narrow}
          empty={<NoCircuits filtered={filtered} problem={data?.problem != null} />}
        />
      ) : found.error !== null ? (
        <ErrorNotice error={found.error} retry={() => void found.retry()} />
      ) : data === undefined && board.error !== null ? (
        <ErrorNotice error={board.error} retry={() => void board.refetch()} />
      ) : data === undefined ? (
        <div className={styles.wait}>
          <Skeleton lines={10} height={24} />
        </div>
      ) : shown.length === 0 ? (
        <NoCircuits filtered={filtered} problem={data.problem !== null} />
      ) : (
        <Board
          tiles={shown}
          fleet={tiles.length}
          selected={selection.ids}
          onToggle={(id) => setSelection((before) => toggle(before, id))}
          onExtend={(id) => setSelection((before) => extend(before, id, order))}
          onAll={addAll}
          onClear={clear}
          onOpen={open}
        />
      )}
      {selection.ids.size > 0 && <SelectionBar ids={selection.ids} onClear={clear} />}
    </Page>
  );
}

function NoCircuits({ filtered, problem }: { readonly filtered: boolean; readonly problem: boolean }) {
  if (filtered)
    return <Empty title="No circuit matches these filters.">Take one away, or clear them all.</Empty>;
  if (problem) return null;
  return (
    <Empty title="The fleet has no circuits yet.">
      Write them in <code>config/circuits.yaml</code>; as soon as it has some, they are here.
    </Empty>
  );
}
