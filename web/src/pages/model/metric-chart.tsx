import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ModelMetrics } from '../../../../src/views/index.ts';
import { metricsQuery, searchOf, useRegistry } from '../../models/index.ts';
import { ErrorNotice, LineChart, Section, SelectBox, Skeleton } from '../../ui/index.ts';
import type { ChartMark, ChartPoint } from '../../ui/index.ts';

/** One metric over the versions, with what became of each. */
export function MetricChart({
  model,
  metric,
  onMetric,
}: {
  readonly model: string;
  readonly metric: string | undefined;
  readonly onMetric: (metric: string | undefined) => void;
}) {
  const registry = useRegistry();
  const { data, error, refetch } = useQuery(metricsQuery(registry, model));
  const navigate = useNavigate();
  const failure = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined)
    return failure === false ? (
      <Section title="Metrics over versions">
        <Skeleton lines={1} height={224} />
      </Section>
    ) : (
      failure
    );
  const shown = data.names.find((name) => name === metric) ?? data.names[0];
  if (shown === undefined)
    return (
      <Section title="Metrics over versions">
        <p className="muted">
          Its trainings reported no metrics. They are read from metrics.json among the outputs of a job.
        </p>
      </Section>
    );
  return (
    <Section
      title="Metrics over versions"
      aside={
        <SelectBox
          label="Metric"
          value={shown}
          options={data.names.map((name) => ({ value: name, text: name }))}
          onChange={onMetric}
          all={null}
        />
      }
    >
      {failure}
      <LineChart
        label={`${shown} over the versions of ${model}`}
        x_label="version"
        y_label={shown}
        series={[{ name: '', points: pointsOf(data, shown) }]}
        marks={MARKS}
        tick={(x) => `v${x}`}
        height={240}
        onPick={({ x }) =>
          void navigate({
            to: '/models/$model/$version',
            params: { model, version: String(x) },
            search: searchOf(registry),
          })
        }
      />
    </Section>
  );
}

const MARKS = [
  { mark: 'ring', word: 'promoted' },
  { mark: 'cross', word: 'withdrawn' },
  { mark: 'hollow', word: 'pull request' },
] as const;

/** Those that count make the line; those that do not stand beside it. */
function pointsOf({ points }: ModelMetrics, metric: string): ChartPoint[] {
  return points.flatMap(({ version, metrics, ...point }): ChartPoint[] => {
    const y = metrics[metric];
    if (y === undefined) return [];
    const mark = markOf(point);
    const word = MARKS.find((each) => each.mark === mark)?.word;
    return [{ x: version, y, name: word === undefined ? `v${version}` : `v${version}, ${word}`, mark }];
  });
}

const markOf = ({
  withdrawn,
  pr,
  promoted,
}: Pick<ModelMetrics['points'][number], 'withdrawn' | 'pr' | 'promoted'>): ChartMark | undefined =>
  withdrawn ? 'cross' : pr ? 'hollow' : promoted ? 'ring' : undefined;
