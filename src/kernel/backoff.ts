/** Delay number `n` (from 0): `first`, doubling, never above `most`. Same unit in and out. */
export function backoff(n: number, first: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(n, 52));
}
