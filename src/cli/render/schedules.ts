import type { FiringView, ScheduleView } from '../../views/index.ts';
import { paint } from './style.ts';
import { table } from './table.ts';

/** Who let which schedule rest, and why the last time of one came to nothing: too long for a table. */
export const remarks = (rows: readonly ScheduleView[]): string[] =>
  rows.flatMap(({ name, cron, paused, last }) => {
    const lines: string[] = [];
    if (cron !== null && paused !== null) {
      const { at, by, reason } = paused;
      lines.push(`${name} was paused by ${by} at ${at.slice(0, 16)}Z${reason === null ? '' : `: ${reason}`}`);
    }
    if (last?.outcome === 'failed' || last?.outcome === 'skipped') lines.push(`${name}: ${last.message}`);
    return lines;
  });

export const scheduleTable = (rows: readonly ScheduleView[]): string =>
  table(rows, [
    { title: 'name', value: (r) => r.name },
    { title: 'cron', value: (r) => r.cron ?? '' },
    { title: 'zone', value: (r) => r.timezone ?? '' },
    { title: 'next', value: nextOf },
    { title: 'utc', value: (r) => r.next[0]?.utc ?? '' },
    { title: 'last', value: ({ last }) => (last === null ? 'not yet' : lastOf(last)) },
  ]);

/** When it comes next, or why it does not. */
function nextOf({ cron, enabled, paused, next: [first] }: ScheduleView): string {
  if (cron === null) return paint('gray', 'gone from trainyard.yaml');
  if (!enabled) return paint('gray', 'not enabled');
  if (paused !== null) return paint('yellow', '‖ paused');
  return first?.local ?? '';
}

const SYMBOLS = {
  started: ['✓', 'green'],
  nothing: ['–', 'gray'],
  skipped: ['⊘', 'yellow'],
  failed: ['✗', 'red'],
} as const;

function lastOf({ outcome, run_number, at }: FiringView): string {
  const [symbol, colour] = SYMBOLS[outcome];
  const what = run_number === null ? outcome : `run ${run_number}`;
  return `${paint(colour, `${symbol} ${what}`)} at ${at.slice(0, 16)}Z`;
}

export const firingTable = (firings: readonly FiringView[]): string =>
  table(firings, [
    { title: 'time', value: (f) => `${f.slot.slice(0, 16)}Z` },
    { title: 'outcome', value: (f) => paint(SYMBOLS[f.outcome][1], `${SYMBOLS[f.outcome][0]} ${f.outcome}`) },
    { title: 'run', value: (f) => (f.run_number === null ? '' : String(f.run_number)), align: 'right' },
    { title: 'by', value: (f) => f.requested_by },
    { title: '', value: (f) => f.message },
  ]);
