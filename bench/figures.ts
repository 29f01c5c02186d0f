/** One measured figure with the mark it should reach. */
export interface Figure {
  /** What was measured, for example `10,000 circuits: whole plan`. */
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MiB' | '×' | '% of one core' | 'per s' | 'events';
  /** Null: told for comparison only. */
  readonly reach: { readonly is: '<' | '<=' | '>='; readonly mark: number } | null;
  readonly reached: boolean | null;
}

export interface SuiteResult {
  readonly suite: string;
  readonly figures: readonly Figure[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  /** Single measurements, for whoever wants to see the spread. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
}

export function figure(
  name: string,
  value: number,
  unit: Figure['unit'],
  is?: '<' | '<=' | '>=',
  mark?: number | undefined,
): Figure {
  if (is === undefined || mark === undefined) return { name, value, unit, reach: null, reached: null };
  const reached = is === '<' ? value < mark : is === '<=' ? value <= mark : value >= mark;
  return { name, value, unit, reach: { is, mark }, reached };
}

/** The figures as a table for people; Markdown, so that it can go into the README as it is. */
export function table(results: readonly SuiteResult[]): string {
  const rows = results.flatMap((r) =>
    r.figures.map((f) => [
      r.suite,
      f.name,
      shown(f.value, f.unit),
      f.reach === null
        ? ''
        : `${f.reach.is === '<=' ? '≤' : f.reach.is === '>=' ? '≥' : '<'} ${shown(f.reach.mark, f.unit)}`,
      f.reached === null ? '' : f.reached ? 'yes' : 'NO',
    ]),
  );
  const head = ['suite', 'figure', 'measured', 'reach', 'reached'];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const notes = results.flatMap((r) => r.notes.map((note) => `- ${r.suite}: ${note}`));
  return [
    line(head),
    line(widths.map((w) => '-'.repeat(w))),
    ...rows.map(line),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

function shown(value: number, unit: Figure['unit']): string {
  const digits = ['MiB', 'per s', 'events'].includes(unit) ? 0 : unit === 'ms' && value >= 20 ? 0 : 2;
  return `${value.toFixed(digits)}${unit === '×' ? ' ×' : ` ${unit}`}`;
}
