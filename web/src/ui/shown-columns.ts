/** What of a column decides whether there is room for it. */
interface Sized {
  /** A track of the grid: `120px`, `minmax(160px, 2fr)`. */
  readonly width: string;
  readonly from?: number;
}

/**
 * The columns that a table of this width shows: those that are meant for it, and of these as many as have room, as a row
 * hides what it has no room for. Those that are left out first give way first.
 */
export function shownColumns<C extends Sized>(columns: readonly C[], width_px: number, gap_px: number): C[] {
  let shown = columns.filter(({ from }) => from === undefined || width_px >= from);
  while (leastOf(shown, gap_px) > width_px) {
    const most = Math.max(...shown.map(({ from = 0 }) => from));
    if (most <= 0) break;
    const at = shown.findLastIndex(({ from }) => from === most);
    shown = shown.toSpliced(at, 1);
  }
  return shown;
}

/** Gaps stand between columns and at both ends. */
const leastOf = (columns: readonly Sized[], gap_px: number): number =>
  columns.reduce((sum, { width }) => sum + Number(/\d+/.exec(width)?.[0] ?? 0) + gap_px, gap_px);
