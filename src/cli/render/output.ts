/** One JSON document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text = ''): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** For people only: goes to standard error, so that piped output stays clean. */
export function note(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/** A file takes a while to read. */
export const noteReading = (path: string): void => note(`Reading ${path} …`);

// Everything that moves a cursor, clears a screen or rings; colours (CSI … m), newlines and tabs may pass.
// oxlint-disable-next-line no-control-regex
const CONTROL = /\u001B\[[0-9;]*m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/** Text that somebody else wrote cannot steer the reader's terminal: control characters are shown as `\x1b`. */
export function harmless(text: string): string {
  return text.replaceAll(CONTROL, (c) =>
    c.length > 1 ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
