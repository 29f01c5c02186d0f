import { findCause } from './known/find-cause.ts';
import type { Recognised } from './known/find-cause.ts';
import type { LogLine } from './log-lines.ts';

/** A line that tells an error without a traceback. */
export interface ErrorLine {
  readonly at: number;
  readonly text: string;
  readonly known: Recognised | null;
  /** False for warnings and complaints: they may be the cause where there is no other. */
  readonly sure: boolean;
}

/** Words without which no line is worth a closer look. */
const ALARM =
  /error|fail|fatal|critical|exception|kill|abort|denied|cannot|can't|could not|unable|not found|no such|out of|exceed|limit|quota|insufficient|timed? ?-?out|fault|terminate|refused|reset|exhaust|preempt|evict|nan\b|exitcode|what\(\):|cancelled|halted|Package|incompatib|bus /i;
/** Said after an error by those who only clean up. */
const NOISE =
  /^\s*(?:at |File "|(?:raise|return|await|yield|from|import) |\.\.\. \d|wandb:|warnings\.warn)|resource_tracker|conda\.cli\.main_run|Sending process \d|destroy_process_group|leaked semaphore|NO_OTHER_FAILURES|error_file|Exception ignored|HYDRA_FULL_ERROR|urllib3\.connectionpool.{0,20}Retrying|make: \*\*\*|exited with code 0/;
const WARNING = /\bWARN(?:ING)?\b|[Ww]arning: |\b[Rr]etrying\b|will be ignored|skipping/;
const ERROR =
  /\blevel=(?:error|fatal)\b|"(?:level|severity)": ?"(?:[Ee]rror|ERROR|[Ff]atal|FATAL|[Cc]ritical|CRITICAL)"|^.{0,60}\b(?:ERROR|FATAL|CRITICAL|Fatal)\b|^(?:[\w./-]{1,60}: )?(?:[Ee]rror|fatal|FAILED)\b|^[\w.]{1,80}(?:Error|Exception|Interrupt)\b:?|^Could not |^Failed to /;
/** Times and levels of loggers; the columns that Kubernetes puts before an event. */
const HEAD = new RegExp(
  [
    String.raw`^(?:\s{0,8}(?:Warning|Normal)\s{1,8}[A-Z]\w{1,40}\s{1,8}\S{1,12}(?: \(x\d{1,6} over \S{1,12}\))?\s{1,8}[\w-]{1,60}\s{1,8}`,
    String.raw`|(?:\[?\d{2,4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[\d.,]{0,12}(?:Z|[+-]\d\d:?\d\d)?\]?[\s|:-]{0,4}|\[\d\d:\d\d:\d\d\] )?`,
    String.raw`(?:[\w.]{1,60} - )?(?:\[?(?:ERROR|FATAL|CRITICAL|WARN(?:ING)?|INFO)\]?(?::[\w.]{1,60}:(?=\S)|[\s:|-]{1,4})){0,2})`,
  ].join(''),
);
/** Complaints that call themselves nothing count at the very end only. */
const COMPLAINT = /\b(?:failed|cannot|could not|unable to)\b.{0,60}[:\s]\s?\S/;
const LAST = 6;
const MOST_LINES = 400;
/** Of a long line the beginning tells whether it is one. */
const MOST_TEXT = 500;
const MOST_KNOWN = 60;

/**
 * The line that tells most: one that explains those after it, else the last known, else the last that calls itself an
 * error. It is looked for from line `from` on; `skip` names lines that others look after.
 */
export function errorLine(
  lines: readonly LogLine[],
  from: number,
  skip: (at: number) => boolean,
  own_names: readonly string[],
): ErrorLine | null {
  let known: ErrorLine | null = null;
  let weak: ErrorLine | null = null;
  let plain: ErrorLine | null = null;
  let hint: ErrorLine | null = null;
  let asked = 0;
  for (let at = lines.length - 1; at >= Math.max(from, lines.length - MOST_LINES); at--) {
    const line = lines[at];
    if (line === undefined || skip(at) || NOISE.test(line.text) || !ALARM.test(line.text.slice(0, MOST_TEXT)))
      continue;
    if (++asked > MOST_KNOWN) break;
    const text = whole(lines, at);
    const found = { at, text, known: findCause(text, own_names), sure: true };
    if (found.known?.cause.says === 'root') return found;
    if (found.known?.cause.says === 'weak') weak ??= { ...found, sure: false };
    else if (found.known !== null) {
      if (WARNING.test(text)) weak ??= { ...found, sure: false };
      else known ??= found;
    } else if (isError(line.text)) plain ??= found;
    else if (at >= lines.length - LAST && COMPLAINT.test(line.text)) hint ??= { ...found, sure: false };
  }
  if (known !== null && plain !== null && plain.at > known.at && !GENERIC.test(plain.text)) return plain;
  return known ?? plain ?? weak ?? hint;
}

/** Does a line call itself an error? */
export const isError = (text: string): boolean => ERROR.test(text) && !WARNING.test(text);

/** Errors about errors: `Job failed`, `exit status 1`, `see above`. */
export const GENERIC =
  /\b(?:fail(?:ed|ure|s)?|abort(?:ed|ing)?|exit(?:ed|code)?|terminat\w{0,5}|non-?zero|see (?:above|below|the log)|error \d)\b/i;

/** A line without its time and level, with the next ones where it only announces them. */
function whole(lines: readonly LogLine[], at: number): string {
  let text = withoutHead(lines[at]?.text ?? '');
  for (let next = at + 1; next <= at + 4; next++) {
    const following = lines[next]?.text.trim() ?? '';
    if (!/:\s{0,4}$/.test(text) && !(next > at + 1 && following.startsWith('- '))) break;
    text = `${text.trimEnd()} ${following}`;
  }
  return text;
}

/** The message in a line of JSON (logs, and the error bodies of Azure and others) or of `key=value` pairs. */
const MESSAGE =
  /"(?:message|msg|error)": ?"(?:User program failed with )?((?:[^"\\]|\\.){1,1500})"|\bmsg="((?:[^"\\]|\\.){1,1500})"/;

const withoutHead = (text: string): string => {
  const plain = text.replace(HEAD, '').trim();
  const told = /^[{"]|^\w{1,10}=/.test(plain) ? MESSAGE.exec(plain) : null;
  if (told !== null) return (told[1] ?? told[2] ?? '').replaceAll('\\"', '"');
  return plain === '' ? text.trim() : plain;
};
