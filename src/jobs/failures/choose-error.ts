import type { FoundError } from './errors-in-log.ts';
import { findCause } from './known/find-cause.ts';
import type { Recognised } from './known/find-cause.ts';
import { KEY_OF_ENVIRONMENT, KEY_OF_SETTINGS } from './known/settings.ts';

/** An error with what is known of it. */
export interface JudgedError {
  readonly error: FoundError;
  readonly known: Recognised | null;
  readonly says: Says;
}

/**
 * How much an error says of the cause: only that another one failed (`wrapper`), nothing of its own (`vague`), what any
 * slip gives (`plain`), in words of somebody who knew (`own`), or in words that are known here (`known`).
 */
const SAYS = ['wrapper', 'vague', 'plain', 'own', 'known'] as const;
type Says = (typeof SAYS)[number];

/**
 * The error that explains a failure; null where the log shows none. Of a chain it is not always the last: what was
 * raised `from` another says less than that one, unless it has better words; what happened while another was handled
 * counts, unless it is a mere slip of the handler.
 */
export function chooseError(errors: readonly FoundError[], own_names: readonly string[]): JudgedError | null {
  let fallback: JudgedError | null = null;
  for (const chain of chainsOf(errors).toReversed()) {
    const best = bestOf(chain.map((error) => judge(error, own_names)));
    if (best.error.muted === null && best.says !== 'wrapper') return best;
    if (fallback === null || more(best.says, fallback.says)) fallback = best;
  }
  return fallback;
}

/** Errors that belong together, each list in the order of the log. */
function chainsOf(errors: readonly FoundError[]): FoundError[][] {
  const chains: FoundError[][] = [];
  for (const error of errors) {
    if (error.muted === 'ignored') continue;
    const last = chains.at(-1);
    if (error.link === null || last === undefined) chains.push([error]);
    else last.push(error);
  }
  // Hostile text may hold thousands of errors; what ended the job stands at the end.
  return chains.slice(-MOST_CHAINS).map((chain) => chain.slice(-MOST_LINKS));
}

const MOST_CHAINS = 12;
const MOST_LINKS = 12;

/** From the last error back to the one that came first, as long as that says more. */
function bestOf(chain: readonly JudgedError[]): JudgedError {
  const last = chain.at(-1);
  if (last === undefined) throw new TypeError('A chain has at least one error.');
  let best = last;
  for (let i = chain.length - 1; i > 0; i--) {
    const [earlier, later] = [chain[i - 1], chain[i]];
    if (earlier === undefined || later === undefined) break;
    switch (later.error.link) {
      case 'caused':
        if (!more(best.says, earlier.says)) best = earlier;
        break;
      case 'handling':
        if (more(earlier.says, 'vague') && (isSlip(best.error) || !more(best.says, 'vague'))) best = earlier;
        break;
      case 'inner':
        // Told outermost first: what stands deeper counts, unless it says less.
        if (more(earlier.says, best.says)) best = earlier;
        break;
      case null:
        break;
    }
  }
  return best;
}

const more = (a: Says, b: Says): boolean => SAYS.indexOf(a) > SAYS.indexOf(b);

/** What a handler does wrong when the thing it handles was never made. */
const isSlip = ({ name, message }: FoundError): boolean =>
  name === 'NameError' ||
  name === 'UnboundLocalError' ||
  (name === 'AttributeError' && message.startsWith("'NoneType'"));

const WRAPPERS: ReadonlySet<string> = new Set(
  `ChildFailedError CalledProcessError Py4JJavaError RayTaskError RemoteTraceback _RemoteTraceback PythonException
  ExceptionGroup BaseExceptionGroup SystemExit ProcessRaisedException ExecutionException
  ActivityFailedException JobException`.split(/\s+/),
);
/** Java's and Spark's way to say that something else failed. */
const WRAPPING =
  /Job aborted due to stage failure(?![^\n]{0,40}Total size)|^Exception thrown in awaitResult|^Graph execution error|reflect\.InvocationTarget/;
/** Exceptions of the language itself: any slip gives them, and their words know nothing of the matter. */
const PLAIN: ReadonlySet<string> = new Set(
  `IndexError KeyError StopIteration TypeError AttributeError NameError UnboundLocalError ValueError ZeroDivisionError
  RuntimeError AssertionError Exception Error NullPointerException ClassNotFoundException IllegalStateException
  RuntimeException IOException`.split(/\s+/),
);
/** That something went wrong is known. */
const VAGUE =
  /^(?:|.{0,60}(?:\bfail(?:ed|ure)?\b|went wrong|\berror (?:in|while|during|occurred)|could not (?:be )?(?:train|run|finish)).{0,80})$/i;

function judge(error: FoundError, own_names: readonly string[]): JudgedError {
  const known = findError(error, own_names);
  const says = known !== null && known.cause.says !== 'weak' ? 'known' : saysOf(error);
  return { error, known, says };
}

function saysOf({ name, message, more: further }: FoundError): Says {
  if (WRAPPERS.has(name) || WRAPPING.test(message)) return 'wrapper';
  if (VAGUE.test(message) && further.length === 0) return 'vague';
  return PLAIN.has(name) ? 'plain' : 'own';
}

/** What of a message tells one cause from another: the first line, unless it only announces the next ones. */
export function identityOf({ message, more: further }: FoundError): string {
  const announces = message.trim() === '' || /:\s{0,4}$/.test(message) || /^\d{1,6} \w/.test(message);
  return announces ? [message, ...further.slice(0, 6)].join('\n') : message;
}

/** An error as patterns meet it: its name, its message, what follows. */
const errorText = ({ name, message, more: further }: FoundError): string =>
  `${name}${message === '' && further.length === 0 ? '' : `: ${message}`}${further.length === 0 ? '' : `\n${further.join('\n')}`}`;

function findError(error: FoundError, own_names: readonly string[]): Recognised | null {
  if (WRAPPERS.has(error.name)) return null;
  return (
    missingKey(error, own_names) ??
    findCause(errorText(error), own_names, `${error.name}: ${identityOf(error)}`)
  );
}

const KEY = /^['"]([^'"[\n]{1,200})['"]$/;
const OF_ENVIRONMENT = /os\.environ|\benviron\[|<frozen os>|[/\\]os\.py"/;
const OF_SETTINGS =
  /\b(?:config|settings|cfg|conf|params|hparams|hyper_?parameters|options|args|kwargs)\b[\w.]{0,40}\[/i;

/** A `KeyError` tells the key alone; the line of code tells whether a column, a setting or a variable is missing. */
function missingKey({ name, message, frames }: FoundError, own_names: readonly string[]): Recognised | null {
  const key = name === 'KeyError' ? KEY.exec(message)?.[1] : undefined;
  if (key === undefined) return null;
  const shown = own_names.includes(key) ? '<own>' : key;
  if (OF_ENVIRONMENT.test(frames.join('\n'))) return { cause: KEY_OF_ENVIRONMENT, key: shown, index: 0 };
  if (OF_SETTINGS.test(frames.at(-1) ?? '')) return { cause: KEY_OF_SETTINGS, key: shown, index: 0 };
  return null;
}
