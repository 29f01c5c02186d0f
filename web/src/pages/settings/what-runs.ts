import { valueText } from '../../ui/index.ts';

/** What a schedule runs: the pipeline, and whatever else was asked for. */
export function whatRuns({ pipeline, ...how }: Readonly<Record<string, unknown>>): string {
  const asked = Object.entries(how).flatMap(([name, value]) => {
    const nothing =
      value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);
    return nothing ? [] : [`${name} ${valueText(value)}`];
  });
  return [valueText(pipeline), ...asked].join(', ');
}
