import type { StoredFile } from './storage.ts';

/** What a listing of `_delta_log` holds, by version. Files of other kinds (checksums, compacted logs, temporary ones) are left out. */
export interface LogListing {
  /** The commit files. */
  readonly commits: ReadonlyMap<number, StoredFile>;
  /** Complete checkpoints, newest first among those of one version in no particular order. */
  readonly checkpoints: ReadonlyMap<number, readonly Checkpoint[]>;
  /** Versions that can be read, as ranges that do not touch, lowest first. */
  readonly ranges: readonly VersionRange[];
  /** The highest version that any file names, readable or not; null for an empty log. */
  readonly latest: number | null;
}

/** The files that together hold one checkpoint. */
export interface Checkpoint {
  readonly version: number;
  readonly format: 'parquet' | 'json';
  readonly files: readonly StoredFile[];
}

export interface VersionRange {
  readonly first: number;
  readonly last: number;
}

/** From where a version can be read: a checkpoint and the commits after it, or (null) all commits from 0. */
export interface Base {
  readonly checkpoint: Checkpoint | null;
  /** The first commit to apply; greater than the version asked for when the checkpoint is of that version. */
  readonly first_commit: number;
}

/** Sorts the files of a log folder into versions. */
export function readListing(files: readonly StoredFile[]): LogListing {
  const commits = new Map<number, StoredFile>();
  const checkpoints = new Map<number, Checkpoint[]>();
  const parts = new Map<string, { version: number; total: number; files: StoredFile[] }>();
  const add = (checkpoint: Checkpoint): void => {
    checkpoints.set(checkpoint.version, [...(checkpoints.get(checkpoint.version) ?? []), checkpoint]);
  };
  for (const file of files) {
    const named = parseName(file.name);
    if (named === null) continue;
    if (named.kind === 'commit') commits.set(named.version, file);
    // An empty checkpoint is one whose writer was interrupted.
    else if (file.size_bytes === 0) continue;
    else if (named.kind === 'checkpoint')
      add({ version: named.version, format: named.format, files: [file] });
    else {
      const key = `${named.version}/${named.total}`;
      const set = parts.get(key) ?? { version: named.version, total: named.total, files: [] };
      set.files.push(file);
      parts.set(key, set);
    }
  }
  for (const { version, total, files: found } of parts.values()) {
    // Parts are not written at once: a set with a part missing does not count.
    if (found.length === total)
      add({ version, format: 'parquet', files: found.toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
  }
  const versions = [...new Set([...commits.keys(), ...checkpoints.keys()])].toSorted((a, b) => a - b);
  return {
    commits,
    checkpoints,
    ranges: readableRanges(versions, commits, checkpoints),
    latest: versions.at(-1) ?? null,
  };
}

/** Whether this version can be rebuilt from the files of this listing. */
export function isReadable(listing: LogListing, version: number): boolean {
  return listing.ranges.some((range) => range.first <= version && version <= range.last);
}

/** The ways to rebuild a version, cheapest first. */
export function* basesOf(listing: LogListing, version: number): Generator<Base> {
  for (let at = version; at >= 0; at--) {
    for (const checkpoint of listing.checkpoints.get(at) ?? []) yield { checkpoint, first_commit: at + 1 };
    if (!listing.commits.has(at)) return;
  }
  yield { checkpoint: null, first_commit: 0 };
}

/** `versions 0 to 4 and 7 to 12`, or `no version`. */
export function describeRanges(ranges: readonly VersionRange[]): string {
  const words = ranges.map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`));
  if (words.length === 0) return 'no version';
  const text = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
  return ranges.length === 1 && ranges[0]?.first === ranges[0]?.last ? `version ${text}` : `versions ${text}`;
}

/** The first name of a version, for listings that start there. */
export const versionPrefix = (version: number): string => String(version).padStart(20, '0');

/** A version is readable from a checkpoint of its own, or from its commit and the version before. */
function readableRanges(
  versions: readonly number[],
  commits: ReadonlyMap<number, unknown>,
  checkpoints: ReadonlyMap<number, unknown>,
): VersionRange[] {
  const ranges: VersionRange[] = [];
  for (const version of versions) {
    const open = ranges.at(-1);
    const follows = open !== undefined && open.last === version - 1;
    if (!checkpoints.has(version) && !(commits.has(version) && (version === 0 || follows))) continue;
    if (follows) ranges[ranges.length - 1] = { first: open.first, last: version };
    else ranges.push({ first: version, last: version });
  }
  return ranges;
}

type LogName =
  | { readonly kind: 'commit'; readonly version: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly format: 'parquet' | 'json' }
  | { readonly kind: 'part'; readonly version: number; readonly total: number };

const NAME =
  /^(?<version>\d{20})(?<checkpoint>\.checkpoint(?:\.(?<part>\d{10})\.(?<total>\d{10})|\.(?<unique>[0-9a-f-]{36}))?)?\.(?<format>json|parquet)$/i;

function parseName(name: string): LogName | null {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) return null;
  const version = Number(groups['version']);
  if (!Number.isSafeInteger(version)) return null;
  const format = groups['format'] === 'json' ? 'json' : 'parquet';
  if (groups['checkpoint'] === undefined) return format === 'json' ? { kind: 'commit', version } : null;
  if (groups['total'] !== undefined) return { kind: 'part', version, total: Number(groups['total']) };
  // Only checkpoints under a unique name may be JSON.
  if (format === 'json' && groups['unique'] === undefined) return null;
  return { kind: 'checkpoint', version, format };
}
