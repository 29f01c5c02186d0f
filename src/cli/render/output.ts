import { LineDefuser, defuse, defuseJson } from '../../ci/index.ts';
import { ciFacts, readsCommands } from '../../kernel/ci.ts';

/** In a build, text of others could be taken for a command to it. */
const IN_BUILD = readsCommands(ciFacts(process.env));

/** One JSON document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${harmlessJson(JSON.stringify(value, null, 2))}\n`);
}

/** JSON that says the same and can steer no build. */
export const harmlessJson = (json: string): string => (IN_BUILD ? defuseJson(json) : json);

export function print(text = ''): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** For people only: goes to standard error, so that piped output stays clean. */
export function note(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/**
 * A command to the build, on standard output where the documentation of build agents wants it. With `--json` a document
 * stands there; agents read the other stream just the same (azure-pipelines-agent, Handlers/NodeHandler.cs, with tasks
 * such as Bash that merge the two; actions/runner, Handlers/ScriptHandler.cs).
 */
export function printCommand(line: string, json: boolean): void {
  (json ? process.stderr : process.stdout).write(`${line}\n`);
}

/** For what a job printed, as it printed it, colours and all; in a build without commands to it. */
export function rawOutput(): { readonly write: (piece: string) => void; readonly end: () => void } {
  const lines = IN_BUILD ? new LineDefuser() : null;
  return {
    write: (piece) => void process.stdout.write(lines === null ? piece : lines.push(piece)),
    end: () => void (lines !== null && process.stdout.write(lines.end())),
  };
}

/** A file takes a while to read. */
export const noteReading = (path: string): void => note(`Reading ${path} …`);

// Everything that moves a cursor, clears a screen, hides or rings; our own colours, newlines and tabs may pass.
// oxlint-disable-next-line no-control-regex
const CONTROL = /\u001B\[(?:1|22|3[1236]|39|90)m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/**
 * Text that somebody else wrote cannot steer the reader's terminal: control characters are shown as `\x1b`. Nor can it
 * steer the build that this runs in.
 */
export function harmless(text: string): string {
  const shown = text.replaceAll(CONTROL, (c) =>
    c.length > 1 ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return IN_BUILD ? defuse(shown) : shown;
}
