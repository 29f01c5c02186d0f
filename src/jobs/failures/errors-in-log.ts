import { TRACEBACK } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';

/** How an error stands to the one before it in the log. */
export type ErrorLink =
  /** Raised `from` it, or while it was handled: the earlier one came first. */
  | 'caused'
  | 'handling'
  /** Told by the one before it: a worker's error, Java's `Caused by`. The later one came first. */
  | 'inner';

/** An exception that a log shows, Python's or Java's. */
export interface FoundError {
  /** As printed, with its package. */
  readonly type: string;
  /** The last part of it. */
  readonly name: string;
  readonly message: string;
  /** Further lines of the message. */
  readonly more: readonly string[];
  /** The last frames before it, with their lines of code; empty where the log does not show them. */
  readonly frames: readonly string[];
  /** Lines of the log: where it begins, where its message stands. */
  readonly from: number;
  readonly at: number;
  readonly link: ErrorLink | null;
  /** Told, but it ended nothing: an error in `__del__` or in the log handler (`ignored`), in another thread (`thread`). */
  readonly muted: 'ignored' | 'thread' | null;
}

const FRAME = /^\s{0,60}File "[^"]{1,1000}", line \d{1,9}/;
const RAISED = /^([A-Za-z_][\w.]{0,200}(?:\([\w.]{1,100}\))?)(?::\s?(.*))?$/;
const JAVA =
  /^(Caused by: |: |Exception in thread "[^"]{0,100}" )?((?:[a-z_][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,120})(?::\s?(.*))?$/;
/** What a program logs besides: such a line is no part of a message. */
const LOGGED =
  /^(?:\[?\d{2,4}[-/]\d\d[-/]\d\d[T ]|\[\d\d:\d\d:\d\d|(?:INFO|WARNING|WARN|ERROR|DEBUG|CRITICAL)\b|wandb:|Exception ignored|During handling|The above exception|\s*at |\s*\.\.\. \d+ more|Epoch |epoch |\S+: UserWarning)/;
const MOST_FRAMES = 30;
const MOST_MESSAGE_LINES = 12;
/** Another process may print into a traceback. */
const MOST_STRANGE_LINES = 3;

interface OpenTrace {
  readonly from: number;
  readonly frames: string[];
  readonly link: ErrorLink | null;
  readonly muted: FoundError['muted'];
  strange: number;
}

/** All errors that stand in the lines, in their order. A log that begins amid a traceback is fine. */
export function errorsIn(lines: readonly LogLine[]): FoundError[] {
  const errors: FoundError[] = [];
  let trace: OpenTrace | null = null;
  /** The message of the last error, as long as it may go on. */
  let message: string[] | null = null;
  let link: ErrorLink | null = null;
  let muted: FoundError['muted'] = null;
  const add = (error: Omit<FoundError, 'more' | 'name'>): string[] => {
    const more: string[] = [];
    errors.push({ ...error, name: lastPart(error.type), more });
    return more;
  };

  for (const [at, { text }] of lines.entries()) {
    const isFrame = FRAME.test(text);
    if (text.includes(TRACEBACK) || (isFrame && trace === null)) {
      // Frames right below an error: a worker's own traceback, told in the message of the one that waited for it.
      if (isFrame && message !== null && errors.at(-1)?.at === at - 1) link = 'inner';
      trace = { from: at, frames: [], link, muted, strange: 0 };
      [link, muted, message] = [null, null, null];
      if (isFrame) keepFrame(trace, text);
    } else if (trace !== null) {
      if (isFrame || text === '' || /^[\s│╭╰]/.test(text)) {
        keepFrame(trace, text);
        continue;
      }
      const [, type = '', told = ''] = RAISED.exec(text) ?? [];
      if (isErrorName(type, trace.strange > 0)) {
        const { strange: _, ...known } = trace;
        message = add({ type, message: told, at, ...known });
        trace = null;
      } else if (++trace.strange > MOST_STRANGE_LINES) trace = null;
    } else {
      const [whole, before, type = '', told = ''] = JAVA.exec(text) ?? [];
      if (whole !== undefined && (before !== undefined || lines[at + 1]?.text.startsWith('\tat ') === true)) {
        const inner = before === undefined ? isJava(errors.at(-1)) : !before.startsWith('Exception in');
        const linked = inner && errors.length > 0 ? 'inner' : null;
        message = add({ type, message: told, frames: [], from: at, at, link: linked, muted: null });
        continue;
      }
      if (text.includes('direct cause of the following exception')) link = 'caused';
      else if (text.startsWith('During handling of the above exception')) link = 'handling';
      else if (text.startsWith('Exception ignored in') || text === '--- Logging error ---') muted = 'ignored';
      else if (text.startsWith('Exception in thread ')) muted = 'thread';
      if (LOGGED.test(text) || message?.length === MOST_MESSAGE_LINES) message = null;
      message?.push(text);
    }
  }
  return errors;
}

/** Java's errors have no frames here; Python's word for them is Py4JJavaError. */
const isJava = (error: FoundError | undefined): boolean =>
  error?.name === 'Py4JJavaError' || error?.frames.length === 0;

function keepFrame(trace: OpenTrace, text: string): void {
  if (/^[\s~^]*$/.test(text)) return;
  trace.frames.push(text.trim().slice(0, 300));
  if (trace.frames.length > MOST_FRAMES) trace.frames.shift();
}

/**
 * `ValueError`, `torch.cuda.OutOfMemoryError`, `RayTaskError(KeyError)`, `NoRows`. `Hint` and `Note` are none, and where
 * other output stands in between only what calls itself an error is one.
 */
function isErrorName(type: string, strict: boolean): boolean {
  const name = lastPart(type);
  if (
    /^(?:_?[A-Z]\w*)?(?:Error|Exception|Interrupt|Exit|Warning|Failure|Timeout)$/.test(name) ||
    name === 'StopIteration'
  )
    return true;
  return !strict && (/^_?[A-Z]\w*[a-z]\w*[A-Z]/.test(name) || (type.includes('.') && /^_?[A-Z]/.test(name)));
}

const lastPart = (type: string): string => {
  const plain = type.split('(', 1)[0] ?? type;
  return plain.slice(plain.lastIndexOf('.') + 1);
};
