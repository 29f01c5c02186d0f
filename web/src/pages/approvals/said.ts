import type { Vote } from './approval-data.ts';

/** Who has said yes to what, as far as it counts. */
export interface Yeses {
  /** How many said yes to everything. */
  readonly of_all: number;
  /** Everything that somebody said yes to by its name. */
  readonly named: Iterable<string>;
  /** Who said yes to this; a yes to everything leaves out what a quality gate holds back. */
  of(subject: string, gated: boolean): ReadonlySet<string>;
}

/** As the server counts it (`approvers` in src/gates/vote.ts): whoever holds something sets its count back. */
export function yeses(votes: readonly Vote[]): Yeses {
  const ofAll = new Set<string>();
  const byName = new Map<string, Set<string>>();
  const held = new Set<string>();
  for (const { verdict, subjects, voter, counts } of votes) {
    if (!counts) continue;
    const who = voter.toLowerCase();
    if (verdict === 'approve') {
      if (subjects === null) ofAll.add(who);
      else for (const name of subjects) byName.set(name, (byName.get(name) ?? new Set<string>()).add(who));
    } else if (verdict === 'hold') {
      if (subjects === null) {
        ofAll.clear();
        byName.clear();
      } else
        for (const name of subjects) {
          byName.delete(name);
          held.add(name);
        }
    }
  }
  return {
    of_all: ofAll.size,
    named: byName.keys(),
    of: (subject, gated) => {
      const named = byName.get(subject) ?? new Set<string>();
      // What is held is not open, so that no yes to everything is about it.
      return gated || held.has(subject) ? named : new Set([...ofAll, ...named]);
    },
  };
}

/** What was held or rejected by its name, so that it is not open. */
export const settledBy = (votes: readonly Vote[]): ReadonlySet<string> =>
  new Set(
    votes.flatMap(({ verdict, subjects, counts }) =>
      verdict === 'approve' || (verdict === 'hold' && !counts) ? [] : (subjects ?? []),
    ),
  );

/** Who holds these, and why: of each what was said last. What was set on hold by nobody is in none. */
export function holdsOf(
  votes: readonly Vote[],
  names: readonly string[],
): (Pick<Vote, 'voter' | 'comment' | 'voted_at'> & { readonly count: number })[] {
  const left = new Set(names);
  const holds = [];
  for (const { verdict, subjects, voter, comment, voted_at, counts } of votes.toReversed()) {
    if (verdict !== 'hold' || !counts) continue;
    const its = (subjects ?? [...left]).filter((name) => left.delete(name));
    if (its.length > 0) holds.push({ voter, comment, voted_at, count: its.length });
  }
  return holds;
}
