import { TrainyardError, messageOf } from '../../kernel/errors.ts';
import type { Problem } from '../../kernel/errors.ts';
import { note, printJson } from './output.ts';
import { paint } from './style.ts';

/** Nobody reads three thousand lines of the same. */
const MOST_PROBLEMS = 20;

/** An error as people read it: what happened, every place, what to type next. With `--json` one object on standard output. */
export function reportError(error: unknown, json: boolean): void {
  if (error instanceof TrainyardError) {
    if (json) {
      printJson({ error });
      return;
    }
    const lines = [`${paint('red', 'error:', process.stderr)} ${error.message}`];
    for (const problem of error.problems.slice(0, MOST_PROBLEMS)) lines.push(problemText(problem));
    if (error.problems.length > MOST_PROBLEMS)
      lines.push(`… and ${error.problems.length - MOST_PROBLEMS} more (--json lists all)`);
    if (error.hint !== undefined) lines.push(`${paint('cyan', 'hint:', process.stderr)} ${error.hint}`);
    note(lines.join('\n'));
    return;
  }
  if (json) {
    printJson({ error: { code: 'unexpected', message: messageOf(error), hint: null, exit_code: 1 } });
    return;
  }
  // A fault of ours: here the stack is what a report needs.
  note(
    `${paint('red', 'error:', process.stderr)} unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  note(
    `${paint('cyan', 'hint:', process.stderr)} This is a fault in Trainyard. Nothing recorded is lost; please report it with the lines above.`,
  );
}

export function problemText(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((p) => p !== null).join(':');
  const hint = problem.hint === null ? '' : ` ${problem.hint}`;
  const stop = hint === '' || /[.!?:]$/.test(problem.message) ? '' : '.';
  return `  ${place}  ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}${stop}${hint}`;
}
