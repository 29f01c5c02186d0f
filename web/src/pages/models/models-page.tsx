import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/list.ts';
import { ModelLink, VersionLink, fetchModels, useRegistry } from '../../models/index.ts';
import type { RegisteredModelRow } from '../../models/index.ts';
import { circuitPath } from '../../paths.ts';
import {
  Button,
  Command,
  DataTable,
  Empty,
  Filters,
  Page,
  SearchBox,
  SelectBox,
  Sparkline,
  Status,
  Time,
  buttonLook,
  lookOf,
  number,
} from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import styles from './models-page.module.css';

const route = getRouteApi('/models');
const STANDINGS = ['promoted', 'ahead', 'unpromoted', 'unusable'] as const;

/** Every model that has a version: what is current, what is shared, and how it has been doing. */
export function ModelsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/models' });
  const filter = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const registry = useRegistry();
  const { q, plant, standing } = search;
  const list = useList(['models', 'list', registry, q, plant, standing], (cursor, signal) =>
    fetchModels(registry, { q, plant, standing }, cursor, signal),
  );
  const filtered = [q, plant, standing].some((value) => value !== undefined);
  return (
    <Page title="Models" fill>
      <Filters>
        <SearchBox
          label="Find models"
          placeholder="Model or circuit"
          value={search.q ?? ''}
          onChange={(q) => filter({ q: q === '' ? undefined : q })}
        />
        <SelectBox
          label="State"
          value={search.standing}
          options={STANDINGS.map((value) => ({ value, text: lookOf(value).word }))}
          onChange={(standing) => filter({ standing })}
        />
        <SelectBox
          label="Made by"
          all={null}
          value={registry}
          options={[
            { value: 'dev', text: 'runs' },
            { value: 'rehearsal-dev', text: 'rehearsals' },
          ]}
          onChange={(next) => filter({ rehearsal: next === 'rehearsal-dev' ? true : undefined })}
        />
        {search.plant !== undefined && (
          <Button onClick={() => filter({ plant: undefined })}>
            Plant {search.plant} <span aria-hidden="true">×</span>
            <span className="unseen">: show all plants</span>
          </Button>
        )}
      </Filters>
      <DataTable
        label="Models"
        {...list}
        rowKey={(model) => model.model_name}
        rowHeight={36}
        columns={COLUMNS}
        empty={
          list.more ? null : filtered ? (
            <Empty title="No model is like that.">Take a filter away.</Empty>
          ) : (
            <Empty title={registry === 'dev' ? 'No model yet.' : 'No rehearsal registered a model.'}>
              <p>The first training of a circuit that succeeds registers version 1 of its model.</p>
              {registry === 'dev' ? (
                <Link to="/plan" className={buttonLook}>
                  Plan a training
                </Link>
              ) : (
                <Command text="trainyard run --provider simulated" />
              )}
            </Empty>
          )
        }
      />
    </Page>
  );
}

const COLUMNS: readonly Column<RegisteredModelRow>[] = [
  {
    key: 'model',
    head: 'Model',
    width: 'minmax(112px, 1fr)',
    cell: (m) => (
      <ModelLink model={m.model_name} className="row-link" hint={m.model_name}>
        {m.model_name}
      </ModelLink>
    ),
  },
  { key: 'state', head: 'State', width: '128px', cell: (m) => <Status state={m.standing} /> },
  {
    key: 'circuit',
    head: 'Circuit',
    width: 'minmax(96px, 1fr)',
    from: 1000,
    cell: (m) => (
      <Link to={circuitPath(m.circuit_id)} className="above-row">
        {m.circuit_id}
      </Link>
    ),
  },
  {
    key: 'plant',
    head: 'Plant',
    width: 'minmax(64px, 0.45fr)',
    from: 1000,
    cell: ({ plant_id }) =>
      plant_id === null ? (
        <span className="muted">–</span>
      ) : (
        <Link
          from="/models"
          to="/models"
          search={(before) => ({ ...before, plant: plant_id })}
          className="above-row"
          data-hint={`Only models of ${plant_id}`}
        >
          {plant_id}
        </Link>
      ),
  },
  {
    key: 'current',
    head: 'Current',
    width: '116px',
    from: 480,
    cell: ({ model_name, current }) =>
      current === null ? (
        <span className="muted">none</span>
      ) : (
        <VersionAt model={model_name} word="Current" version={current.version} at={current.created_at} />
      ),
  },
  {
    key: 'metric',
    head: 'Metric',
    width: '104px',
    align: 'right',
    from: 480,
    cell: (m) => <Metric model={m} />,
  },
  {
    key: 'trend',
    head: 'Over versions',
    width: '84px',
    from: 800,
    cell: ({ trend }) => (trend === null ? null : <Sparkline values={trend.values} label={trend.metric} />),
  },
  {
    key: 'shared',
    head: 'Shared',
    width: '108px',
    from: 640,
    cell: ({ model_name, shared }) =>
      shared === null ? (
        <span className="muted">none</span>
      ) : (
        <VersionAt model={model_name} word="Shared" version={shared.version} at={shared.promoted_at} />
      ),
  },
];

/** A version, and since when it is that. */
const VersionAt = ({
  model,
  word,
  version,
  at,
}: {
  readonly model: string;
  readonly word: string;
  readonly version: number;
  readonly at: string;
}) => (
  <>
    <VersionLink model={model} version={version} className="above-row">
      <span className="unseen">{word} </span>v{version}
    </VersionLink>{' '}
    <span className={styles.since}>
      <Time at={at} relative />
    </span>
  </>
);

function Metric({ model: { trend, current } }: { readonly model: RegisteredModelRow }) {
  const value = trend === null ? undefined : (current?.metrics[trend.metric] ?? trend.values.at(-1));
  if (trend === null || value === undefined) return <span className="muted">–</span>;
  return (
    <>
      <span className="muted">{trend.metric}</span> {number(value)}
    </>
  );
}
