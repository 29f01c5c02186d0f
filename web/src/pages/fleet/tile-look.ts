import type { CircuitState } from './tiles.ts';

/** How a tile shows its state: a way to be filled, and a sign, so that colour is the third hint and not the only one. */
export interface TileLook {
  /** `quiet`: as it should be; `full`: look here; `hollow`: something is still to come. */
  readonly fill: 'quiet' | 'full' | 'hollow';
  /** The colour, as tokens.css has it. */
  readonly tone: '--ok' | '--failed' | '--running' | '--waiting' | '--idle';
  /** The sign in a square of 16. */
  readonly sign: string;
  /** Filled rather than drawn. */
  readonly solid?: true;
}

export const TILE_LOOKS: Readonly<Record<CircuitState, TileLook>> = {
  good: { fill: 'quiet', tone: '--ok', sign: 'M4 8.5 7 11.5 12 5' },
  stale: { fill: 'full', tone: '--waiting', sign: 'M4 6H12M4 10H12M10 3.5 6 12.5' },
  owed: { fill: 'hollow', tone: '--failed', sign: 'M8 3.5V9M8 11.4V12.6' },
  failed: { fill: 'full', tone: '--failed', sign: 'M4.5 4.5 11.5 11.5M11.5 4.5 4.5 11.5' },
  training: { fill: 'full', tone: '--running', sign: 'M5.5 3.5 12.5 8 5.5 12.5Z', solid: true },
  waiting: { fill: 'hollow', tone: '--waiting', sign: 'M6 4V12M10 4V12' },
  new: { fill: 'hollow', tone: '--idle', sign: 'M8 4V12M4 8H12' },
};
