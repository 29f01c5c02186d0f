import { ConflictError, TrainyardError, fileErrorHint, messageOf, systemCode } from '../kernel/errors.ts';

/** Any failure of the database as an error that names the file and what helps. */
export function storeError(path: string, error: unknown): TrainyardError {
  if (error instanceof TrainyardError) return error;
  const text = messageOf(error);
  if (
    /readonly|read-only|unable to open/i.test(text) ||
    ['EROFS', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')
  ) {
    return new TrainyardError('unexpected', `The state folder cannot be written: ${path} (${text}).`, {
      hint: 'Make the folder writable for this user, or use another --project folder. `plan` and the lists work without writing.',
      cause: error,
    });
  }
  if (/disk is full|database or disk/i.test(text)) {
    return new TrainyardError('unexpected', `The disk is full: ${path} cannot grow.`, {
      hint: 'Free some space, then run `trainyard run --resume`: nothing is lost.',
      cause: error,
    });
  }
  if (/not a database|malformed|corrupt/i.test(text)) {
    return new TrainyardError('unexpected', `${path} is not a readable Trainyard store (${text}).`, {
      hint: 'Restore the file from a backup, or move the folder away to start afresh.',
      cause: error,
    });
  }
  if (/database is locked|busy/i.test(text)) {
    return new ConflictError(`Another process keeps ${path} locked.`, {
      hint: 'Try again; `trainyard doctor` shows who holds the project.',
      cause: error,
    });
  }
  return new TrainyardError('unexpected', `The store ${path} failed: ${text}`, {
    hint: fileErrorHint(systemCode(error)),
    cause: error,
  });
}

/** True for faults of the disk or the file, which a user can mend; not for a constraint or a wrong statement. */
export const isStoreFault = (error: unknown): boolean =>
  systemCode(error) === 'ERR_SQLITE_ERROR' &&
  /disk is full|disk i\/o|readonly|unable to open|locked|busy|malformed|not a database/i.test(
    messageOf(error),
  );
