import { refText } from './model-version.ts';

/** What decides whether a version is in use, of all versions of a circuit. */
export interface VersionFacts {
  readonly model_name: string;
  readonly version: number;
  readonly created_at: string;
  readonly pr: number;
  readonly withdrawn_at: string | null;
  readonly files_removed_at: string | null;
}

/** Since when a version is out of use, and why; `since` null: it is the good one. */
export interface Use<T> {
  readonly of: T;
  readonly since: string | null;
  readonly why: string;
}

/**
 * Which versions of one circuit in one registry are out of use. What counts is since when, not how old they are: a model
 * that served for a year and was superseded yesterday is the one to go back to when the new one turns out to be wrong.
 * Versions without files are left out. The list is in the order of their times.
 */
export function unusedVersions<T extends VersionFacts>(versions: readonly T[]): Use<T>[] {
  const uses: Use<T>[] = [];
  let successor: T | null = null;
  for (const version of versions.toReversed()) {
    if (version.files_removed_at !== null) continue;
    uses.push({ of: version, ...useOf(version, successor) });
    // Only one that could be used takes another's place.
    if (version.pr === 0 && version.withdrawn_at === null) successor = version;
  }
  return uses.toReversed();
}

function useOf(version: VersionFacts, successor: VersionFacts | null): { since: string | null; why: string } {
  if (version.withdrawn_at !== null) return { since: version.withdrawn_at, why: 'withdrawn' };
  if (version.pr === 1) return { since: version.created_at, why: 'made by a pull-request run' };
  if (successor !== null) return { since: successor.created_at, why: `superseded by ${refText(successor)}` };
  return { since: null, why: 'the good model of its circuit' };
}
