import { ConflictError, NotFoundError, UsageError, messageOf } from '../../kernel/errors.ts';
import type { LogListing } from './log-files.ts';
import { describeRanges, versionPrefix } from './log-files.ts';
import type { TableStorage } from './storage.ts';

const LOG = '_delta_log';

/** A file of the log exists and cannot be understood (exit 2). */
export class UnreadableFile extends UsageError {}

export function unreadableFile(location: string, file: string, cause: unknown): UnreadableFile {
  return new UnreadableFile(
    `The log of the Delta table ${location} is damaged: ${LOG}/${file} cannot be read (${messageOf(cause)}).`,
    {
      hint: 'Restore the file from a backup, or ask for a version that does not need it.',
      cause,
    },
  );
}

/** A file that was listed is gone when it is read: the log is being cleaned up, or the table deleted, right now (exit 6). */
export function vanishedFile(location: string, file: string): ConflictError {
  return new ConflictError(
    `The log of the Delta table ${location} changed while it was read: ${LOG}/${file} is gone.`,
    {
      hint: 'Run the command again; if it stays so, check that nobody deletes files of the table.',
    },
  );
}

/** A file of the log as text. @throws ConflictError when it is gone */
export async function readText(storage: TableStorage, location: string, file: string): Promise<string> {
  const bytes = await storage.read(`${LOG}/${file}`);
  if (bytes === null) throw vanishedFile(location, file);
  return new TextDecoder().decode(bytes);
}

/** Nothing at the location, or nothing that is a Delta table (exit 5). */
export function missingTable(location: string, found: 'nothing' | 'folder' | 'empty log'): NotFoundError {
  if (found === 'nothing') {
    return new NotFoundError(`There is no Delta table at ${location}: there is no such folder.`, {
      hint: 'Check `delta_table_path`; a relative path starts at the project root.',
    });
  }
  if (found === 'empty log') {
    return new NotFoundError(
      `The Delta table at ${location} has no versions: its ${LOG} folder holds no commit.`,
      {
        hint: 'Write to the table first, or check `delta_table_path`.',
      },
    );
  }
  const inside = /[\\/]_delta_log[\\/]?$/.test(location);
  return new NotFoundError(`There is no Delta table at ${location}: the folder has no ${LOG}.`, {
    hint: inside
      ? `Give the table's folder as \`delta_table_path\`, the one that holds ${LOG}.`
      : 'Check `delta_table_path`; for plain files use `data_path` instead.',
  });
}

/** A version that the table never had, has no more, or cannot give because of a gap. */
export function missingVersion(
  location: string,
  version: number,
  listing: LogListing,
): NotFoundError | UsageError {
  const { ranges, latest, commits } = listing;
  const there = `${describeRanges(ranges)} can ${ranges.length === 0 ? '' : 'still '}be read`;
  const hint =
    ranges.length === 0
      ? 'Restore the missing files from a backup.'
      : `${sentence(there)}: write one of them as \`delta_version\`, or \`latest\`.`;
  if (latest !== null && version > latest) {
    return new NotFoundError(
      `The Delta table ${location} has no version ${version}: its latest is ${latest}.`,
      { hint },
    );
  }
  const first = ranges[0]?.first ?? null;
  const cleaned = first !== null && version < first;
  if (cleaned) {
    return new NotFoundError(
      `Version ${version} of the Delta table ${location} can no longer be read: the log before version ${first} was cleaned up.`,
      { hint },
    );
  }
  let gap = version;
  while (gap > 0 && commits.has(gap)) gap -= 1;
  return new UsageError(
    `The log of the Delta table ${location} is damaged: commit ${gap} (${versionPrefix(gap)}.json) is missing, so version ${version} cannot be read.`,
    {
      hint:
        ranges.length === 0
          ? hint
          : `Restore the file from a backup. ${sentence(there)} and can be written as \`delta_version\`.`,
    },
  );
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
