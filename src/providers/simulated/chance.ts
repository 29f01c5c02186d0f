import { sha256 } from '../../kernel/digest.ts';

/** The one number (32 bits) that all of an attempt's luck grows from. */
export const drawOf = (seed: number, key: string): number =>
  parseInt(sha256(`${seed}\0${key}`).slice(0, 8), 16);

/** An endless, repeatable row of numbers in [0, 1) from one draw (the generator known as mulberry32). */
export function luck(draw: number): () => number {
  let state = draw;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
