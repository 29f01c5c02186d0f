/** Thousands of things by state: a board of tiles, and the legend that picks a state. */
export { Legend } from './legend.tsx';
export { TileBoard } from './tile-board.tsx';
export type { Tile, TileGroup } from './tile-board.tsx';
