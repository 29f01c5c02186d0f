/**
 * A setting as people write it. The server keeps Python's `1.0` apart from `1`, as `{$float: '1.0'}`: it is shown as it
 * was written.
 */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(valueText).join(', ');
  const float = (value as { readonly $float?: unknown }).$float;
  if (typeof float === 'string') return float;
  const entries = Object.entries(value);
  return entries.length === 0 ? '–' : entries.map(([name, part]) => `${name}: ${valueText(part)}`).join(', ');
}
