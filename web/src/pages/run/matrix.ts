import type { TileGroup } from '../../tiles/index.ts';
import type { MatrixView } from './data.ts';

/** What the board shows of one circuit: its last job. */
export interface Cell {
  readonly circuit_id: string;
  /** Null: planned, not written down yet. */
  readonly job: string | null;
  readonly status: string;
  readonly attempt: number;
  readonly retry: boolean;
  readonly reason: string | null;
}

/** Circuits by id, each with its last job: of one that was retried the retry counts, which the matrix lists later. */
export function cellsOf(matrix: MatrixView): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const [circuit_id, job, status, attempt, retry, reason] of matrix.circuits) {
    cells.set(circuit_id, {
      circuit_id,
      job,
      status: matrix.statuses[status] ?? 'pending',
      attempt,
      retry: retry === 1,
      reason,
    });
  }
  return cells;
}

/** How many stand how, in the order of a job's life. */
export function countsOf(cells: Iterable<Cell>, statuses: readonly string[]): Record<string, number> {
  const counts = Object.fromEntries(statuses.map((status) => [status, 0]));
  for (const { status } of cells) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export type Order = 'circuit' | 'state' | 'plant';

/** Cells as groups of tiles. `plants` tells the plant of a circuit: an id cannot be taken apart for sure. */
export function groupsOf(
  cells: readonly Cell[],
  order: Order,
  plants: ReadonlyMap<string, string> | undefined,
): TileGroup[] {
  const tile = ({ circuit_id, status }: Cell) => ({ key: circuit_id, state: status, label: circuit_id });
  if (order === 'circuit' || (order === 'plant' && plants === undefined)) {
    return [{ name: '', tiles: cells.map(tile) }];
  }
  const groups = new Map<string, Cell[]>(order === 'state' ? WORST_FIRST.map((status) => [status, []]) : []);
  for (const cell of cells) {
    const name = order === 'state' ? cell.status : (plants?.get(cell.circuit_id) ?? 'no longer in the fleet');
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [cell]);
    else group.push(cell);
  }
  return [...groups].map(([name, some]) => ({ name, tiles: some.map(tile) }));
}

const WORST_FIRST = ['failed', 'canceled', 'running', 'preparing', 'queued', 'pending', 'succeeded'];
