import type { Board, CircuitRow } from '../../api/circuits.ts';

export type CircuitState = CircuitRow['state'];
export type Cause = CircuitRow['cause'];

/** A circuit on the board. */
export interface Tile {
  readonly id: string;
  readonly plant_id: string;
  readonly circuit_id: string;
  readonly state: CircuitState;
  readonly cause: Cause;
}

export interface TileFilter {
  readonly plant?: string | undefined;
  readonly state?: CircuitState | undefined;
  readonly cause?: Cause | undefined;
  /** Ids that a text was found in; null: no text is looked for. */
  readonly found: ReadonlySet<string> | null;
}

/** All tiles of the board, by plant, in its order. */
export function tilesOf(board: Board): Tile[] {
  return board.plants.flatMap(({ plant_id, circuits }) =>
    circuits.flatMap(([circuit_id, s, c]) => {
      const [state, cause] = [board.states[s], board.causes[c]];
      // A server that knows more states than this page would have sent another page.
      if (state === undefined || cause === undefined) return [];
      return [{ id: `${plant_id}_${circuit_id}`, plant_id, circuit_id, state, cause }];
    }),
  );
}

/** What is shown, and how many there would be in each state if that filter alone were lifted. */
export function filterTiles(
  tiles: readonly Tile[],
  filter: TileFilter,
): { shown: Tile[]; counts: Partial<Record<CircuitState, number>>; total: number } {
  const counts: Partial<Record<CircuitState, number>> = {};
  const shown: Tile[] = [];
  let total = 0;
  for (const tile of tiles) {
    if (filter.plant !== undefined && tile.plant_id !== filter.plant) continue;
    if (filter.cause !== undefined && tile.cause !== filter.cause) continue;
    if (filter.found !== null && !filter.found.has(tile.id)) continue;
    counts[tile.state] = (counts[tile.state] ?? 0) + 1;
    total++;
    if (filter.state === undefined || tile.state === filter.state) shown.push(tile);
  }
  return { shown, counts, total };
}
