/** Up to `most` known words nearest to what was typed, best first; none when nothing is near. */
export function nearest(typed: string, known: Iterable<string>, most = 3): string[] {
  const wanted = typed.toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const scored: { word: string; score: number }[] = [];
  for (const word of known) {
    const lower = word.toLowerCase();
    const score = lower.startsWith(wanted) && wanted.length > 2 ? 0.5 : distance(wanted, lower, limit);
    if (score <= limit) scored.push({ word, score });
  }
  return scored
    .toSorted((a, b) => a.score - b.score || (a.word < b.word ? -1 : 1))
    .slice(0, most)
    .map((s) => s.word);
}

/** `Did you mean a, b or c?`, or undefined. */
export function didYouMean(typed: string, known: Iterable<string>): string | undefined {
  const near = nearest(typed, known);
  if (near.length === 0) return undefined;
  return `Did you mean ${near.length === 1 ? near[0] : `${near.slice(0, -1).join(', ')} or ${near.at(-1)}`}?`;
}

/** Edits (insert, delete, replace, swap of neighbours) between two words; anything over `limit` counts as `limit + 1`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
