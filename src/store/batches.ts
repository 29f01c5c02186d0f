/** The list in pieces of at most `size`, in order: statements have a bound on parameters, transactions on patience. */
export function* batches<T>(list: readonly T[], size = 500): Generator<readonly T[]> {
  for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size);
}
