import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { VersionLink, registeredQuery, searchOf, useRegistry } from '../../models/index.ts';
import { circuitPath } from '../../paths.ts';
import { ErrorNotice, Page, Skeleton, StatusBadge, Time, plural } from '../../ui/index.ts';
import type { RegisteredModelRow } from '../../models/index.ts';
import { Compare } from './compare.tsx';
import { parsePair, toggled } from './comparison.ts';
import { MetricChart } from './metric-chart.tsx';
import { VersionsTable } from './versions-table.tsx';

const route = getRouteApi('/models/$model');

/** One model: its versions, what they measured, and two of them compared. */
export function ModelPage() {
  const { model } = route.useParams();
  const search = route.useSearch();
  const registry = useRegistry();
  const navigate = useNavigate({ from: '/models/$model' });
  const set = useCallback(
    (next: Partial<typeof search> | ((before: typeof search) => Partial<typeof search>)): void =>
      void navigate({
        search: (before) => ({ ...before, ...(typeof next === 'function' ? next(before) : next) }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const { data: known, error, refetch } = useQuery(registeredQuery(registry, model));
  const failure = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (known === undefined)
    return <Page title={model}>{failure === false ? <Skeleton lines={12} height={24} /> : failure}</Page>;
  // Where nobody chose, the one that tells most.
  const metric = search.metric ?? known.trend?.metric;
  const pair = parsePair(search.compare);
  return (
    <Page
      title={model}
      heading={
        <>
          {model} <StatusBadge state={known.standing} />
        </>
      }
      lead={<Lead model={known} />}
    >
      {failure}
      <MetricChart model={model} metric={metric} onMetric={(metric) => set({ metric })} />
      {pair !== null && <Compare model={model} pair={pair} onClose={() => set({ compare: undefined })} />}
      <VersionsTable
        model={model}
        metric={metric}
        state={search.state}
        onState={(state) => set({ state })}
        compare={search.compare}
        // Out of what was chosen last, which the page may not show yet.
        onToggle={(version) => set((before) => ({ compare: toggled(before.compare, version) }))}
      />
    </Page>
  );
}

const Lead = ({ model }: { readonly model: RegisteredModelRow }) => {
  const registry = useRegistry();
  const { model_name, circuit_id, plant_id, versions, current, shared } = model;
  return (
    <>
      <span>
        circuit <Link to={circuitPath(circuit_id)}>{circuit_id}</Link>
      </span>
      {plant_id !== null && (
        <span>
          plant{' '}
          <Link to="/models" search={{ plant: plant_id, ...searchOf(registry) }}>
            {plant_id}
          </Link>
        </span>
      )}
      <span>{plural(versions, 'version')}</span>
      {registry !== 'dev' && <span>made by rehearsals, which count for nothing</span>}
      {current !== null && (
        <span>
          <VersionLink model={model_name} version={current.version}>
            current v{current.version}
          </VersionLink>{' '}
          <Time at={current.created_at} />
        </span>
      )}
      {shared !== null && (
        <span>
          <VersionLink model={model_name} version={shared.version}>
            shared v{shared.version}
          </VersionLink>{' '}
          <Time at={shared.promoted_at} />
        </span>
      )}
    </>
  );
};
