import { TrainyardError, messageOf } from '../../kernel/errors.ts';
import type { Problem } from '../../kernel/errors.ts';
import { harmless } from './output.ts';
import { paint } from './style.ts';

/** Nobody reads three thousand lines of the same. */
const MOST_PROBLEMS = 20;

/** An error as people read it: what happened, every place, what to type next. With `--json` one object on standard output. */
export function reportError(error: unknown, json: boolean): void {
  if (error instanceof TrainyardError) {
    if (json) {
      process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
      return;
    }
    const lines = [`${paint('red', 'error:', process.stderr)} ${error.message}`];
    for (const problem of error.problems.slice(0, MOST_PROBLEMS)) lines.push(problemText(problem));
    if (error.problems.length > MOST_PROBLEMS)
      lines.push(`… and ${error.problems.length - MOST_PROBLEMS} more (--json lists all)`);
    if (error.hint !== undefined) lines.push(`${paint('cyan', 'hint:', process.stderr)} ${error.hint}`);
    process.stderr.write(`${harmless(lines.join('\n'))}\n`);
    return;
  }
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ error: { code: 'unexpected', message: messageOf(error), hint: null, exit_code: 1 } }, null, 2)}\n`,
    );
    return;
  }
  // A fault of ours: here the stack is what a report needs.
  process.stderr.write(
    `${paint('red', 'error:', process.stderr)} unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.stderr.write(
    `${paint('cyan', 'hint:', process.stderr)} This is a fault in Trainyard. Nothing recorded is lost; please report it with the lines above.\n`,
  );
}

export function problemText(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((p) => p !== null).join(':');
  const hint = problem.hint === null ? '' : ` ${problem.hint}`;
  const stop = hint === '' || /[.!?:]$/.test(problem.message) ? '' : '.';
  return `  ${place}  ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}${stop}${hint}`;
}
