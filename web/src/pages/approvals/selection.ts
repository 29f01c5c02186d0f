/** What is chosen in a list: names, so that no update of the list can pull it away. */
export interface Selection {
  readonly names: ReadonlySet<string>;
  /** Where a range begins: what was chosen last. */
  readonly anchor: string | null;
}

export const NOTHING: Selection = { names: new Set(), anchor: null };

/** Chooses one, or lets it go. */
export function toggle({ names }: Selection, name: string): Selection {
  const next = new Set(names);
  if (!next.delete(name)) next.add(name);
  return { names: next, anchor: name };
}

/** Chooses everything from the anchor to this one, in the order that is shown. Without an anchor it is a toggle. */
export function extend(selection: Selection, name: string, order: readonly string[]): Selection {
  const from = selection.anchor === null ? -1 : order.indexOf(selection.anchor);
  const to = order.indexOf(name);
  if (from === -1 || to === -1) return toggle(selection, name);
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { names: new Set([...selection.names, ...range]), anchor: name };
}

/** Chooses all of these as well. */
export const add = ({ names, anchor }: Selection, more: Iterable<string>): Selection => ({
  names: new Set([...names, ...more]),
  anchor,
});

/** What can be decided of it: who was decided meanwhile stays chosen and is told, and is not sent. */
export function standing(
  { names }: Selection,
  rows: readonly {
    readonly subject: string;
    readonly verdict: string;
    readonly held_because: string | null;
  }[],
): { readonly open: readonly string[]; readonly held_back: readonly string[]; readonly settled: number } {
  const open: string[] = [];
  const held_back: string[] = [];
  let settled = 0;
  let known = 0;
  for (const row of rows) {
    if (!names.has(row.subject)) continue;
    known++;
    if (row.verdict !== 'pending' && row.verdict !== 'hold') settled++;
    else (row.held_because === null ? open : held_back).push(row.subject);
  }
  // What the filter does not show any more was chosen all the same: the server knows how it stands.
  if (known < names.size) {
    const shown = new Set(rows.map((row) => row.subject));
    for (const name of names) if (!shown.has(name)) open.push(name);
  }
  return { open, held_back, settled };
}
