import { NotFoundError, UsageError } from '../../kernel/errors.ts';
import type { LogListing } from './log-files.ts';

/** What the search for a version by time needs to know of a table. */
export interface History {
  readonly location: string;
  readonly latest: number;
  /** The whole log. */
  readonly listing: LogListing;
  /** The table's properties at its latest version. */
  readonly configuration: Readonly<Record<string, string>>;
  /** The time in a commit, or null where it has none. */
  readonly inCommitMs: (version: number) => Promise<number | null>;
}

interface Timed {
  readonly version: number;
  readonly at_ms: number;
}

/** See {@link DeltaTable.versionAsOf}. */
export async function versionAsOf(asked_ms: number, now_ms: number, history: History): Promise<number> {
  if (asked_ms > now_ms) {
    throw new UsageError(
      `The time ${iso(asked_ms)} for the Delta table ${history.location} lies in the future.`,
      {
        hint: 'Write `delta_version: latest`, or a time that has passed.',
      },
    );
  }
  const range = history.listing.ranges.at(-1);
  const versions: number[] = [];
  for (let v = range?.first ?? 0; v <= history.latest; v++)
    if (history.listing.commits.has(v)) versions.push(v);
  const switched = switchedOn(history.configuration);
  const carrying = switched === null ? [] : versions.filter((v) => v >= switched);
  const other = byFileTime(
    versions.filter((v) => switched === null || v < switched),
    history.listing,
  );
  // From the commit that switched in-commit timestamps on, file times do not count, and before it nothing else does.
  const found =
    (await lastCarrying(carrying, asked_ms, history)) ??
    other.findLast((commit) => commit.at_ms <= asked_ms)?.version;
  if (found !== undefined) return found;
  throw await beforeAll(asked_ms, other[0] ?? (await timed(carrying[0], history)), history);
}

/** The version from which commits carry their time, or null where they do not. */
function switchedOn(configuration: Readonly<Record<string, string>>): number | null {
  if (configuration['delta.enableInCommitTimestamps'] !== 'true') return null;
  const version = Number(configuration['delta.inCommitTimestampEnablementVersion'] ?? 0);
  return Number.isSafeInteger(version) ? version : 0;
}

/** File times, corrected so that they grow with the version: copying a table or a skewed clock disorders them. */
function byFileTime(versions: readonly number[], listing: LogListing): Timed[] {
  let previous = Number.NEGATIVE_INFINITY;
  return versions.map((version) => {
    previous = Math.max(Date.parse(listing.commits.get(version)?.modified_at ?? ''), previous + 1);
    return { version, at_ms: previous };
  });
}

/** The last of these versions that is not later than asked, by halving: writers make sure that the times grow. */
async function lastCarrying(
  versions: readonly number[],
  asked_ms: number,
  history: History,
): Promise<number | undefined> {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const commit = await timed(versions[middle], history);
    if (commit !== undefined && commit.at_ms <= asked_ms) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1];
}

async function timed(version: number | undefined, history: History): Promise<Timed | undefined> {
  if (version === undefined) return undefined;
  const at_ms = await history.inCommitMs(version);
  if (at_ms !== null) return { version, at_ms };
  throw new UsageError(
    `Commit ${version} of the Delta table ${history.location} lacks the timestamp that the table prescribes.`,
    {
      hint: 'Write a version number as `delta_version` instead of a time.',
    },
  );
}

async function beforeAll(
  asked_ms: number,
  earliest: Timed | undefined,
  history: History,
): Promise<NotFoundError> {
  const what = `The Delta table ${history.location} has no version as of ${iso(asked_ms)}`;
  if (earliest === undefined) {
    return new NotFoundError(`${what}: the commits that tell the time of its versions were cleaned up.`, {
      hint: `Write \`delta_version: ${history.latest}\`, or \`latest\`.`,
    });
  }
  return new NotFoundError(
    `${what}: the earliest that can be read is version ${earliest.version} of ${iso(earliest.at_ms)}.`,
    {
      hint: `Write a later time, or \`delta_version: ${earliest.version}\`.`,
    },
  );
}

const iso = (ms: number): string => new Date(ms).toISOString();
