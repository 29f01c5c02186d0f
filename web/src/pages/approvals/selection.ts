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

/** How what was chosen stands; each is in one of these. */
export interface Standing {
  readonly open: readonly string[];
  /** What a quality gate holds back. */
  readonly held_back: readonly string[];
  /** What is on hold already, whatever else is the matter with it. */
  readonly on_hold: readonly string[];
  /** How many were approved or rejected meanwhile: they stay chosen, and are told and not sent. */
  readonly settled: number;
}

/** What can be decided of these. What is not among the rows was chosen all the same: the server knows how it stands. */
export function standing(
  names: readonly string[],
  rows: ReadonlyMap<string, { readonly verdict: string; readonly held_because: string | null }>,
): Standing {
  const open: string[] = [];
  const held_back: string[] = [];
  const on_hold: string[] = [];
  let settled = 0;
  for (const name of names) {
    const row = rows.get(name);
    if (row === undefined) open.push(name);
    else if (row.verdict === 'hold') on_hold.push(name);
    else if (row.verdict !== 'pending') settled++;
    else (row.held_because === null ? open : held_back).push(name);
  }
  return { open, held_back, on_hold, settled };
}
