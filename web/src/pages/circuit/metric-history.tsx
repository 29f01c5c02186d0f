import type { CircuitView } from '../../../../src/views/index.ts';
import { LineChart, Section, SelectBox } from '../../ui/index.ts';

/** One metric over the versions that count. */
export function MetricHistory({
  history,
  metric,
  telling,
  onMetric,
}: {
  readonly history: CircuitView['history'];
  readonly metric: string | undefined;
  /** The one that tells most, where nobody chose. */
  readonly telling: string | undefined;
  readonly onMetric: (metric: string | undefined) => void;
}) {
  const counting = history.filter((v) => !v.withdrawn && !v.pr);
  const names = [...new Set(counting.flatMap((v) => Object.keys(v.metrics)))].toSorted();
  const shown = [metric, telling].find((name) => name !== undefined && names.includes(name)) ?? names[0];
  if (shown === undefined)
    return (
      <Section title="Metric over versions">
        <p className="muted">
          {counting.length === 0
            ? 'As soon as it has a model, its metrics are here.'
            : 'Its trainings reported no metrics. They are read from metrics.json among the outputs of a job.'}
        </p>
      </Section>
    );
  const points = counting.flatMap(({ version, metrics }) => {
    const y = metrics[shown];
    return y === undefined ? [] : [{ x: version, y, name: `v${version}` }];
  });
  return (
    <Section
      title="Metric over versions"
      aside={
        names.length > 1 && (
          <SelectBox
            label="Metric"
            value={shown}
            options={names.map((name) => ({ value: name, text: name }))}
            onChange={onMetric}
            all={null}
          />
        )
      }
    >
      <LineChart
        label={`${shown} over versions`}
        x_label="version"
        y_label={shown}
        series={[{ name: '', points }]}
        tick={(x) => `v${x}`}
        height={224}
      />
    </Section>
  );
}
