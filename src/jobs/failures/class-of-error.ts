import type { FailureClass } from './failure.ts';

/** Mistakes that only the program can make. */
const CODE_TYPES = new Set(
  `AttributeError NameError UnboundLocalError TypeError IndexError SyntaxError IndentationError TabError
  NotImplementedError RecursionError ZeroDivisionError StopIteration KeyError AssertionError UnpicklingError
  NotFittedError TypingError
  NullPointerException ClassCastException NoSuchMethodError IllegalStateException`.split(/\s+/),
);

const BY_TYPE: readonly (readonly [RegExp, FailureClass])[] = [
  [/Memory|Quota|Capacity|Exhausted/, 'capacity'],
  [/Time-?[Oo]ut|Connection|Network|Unavailable|Throttl|Disconnect|Retry/, 'transient'],
  [/[Cc]onfig|Setting|Parameter|Option|Argument|Credential|Auth|Permission|Usage/, 'config'],
  [
    /Schema|Data(?!base)|Validation|Feature|Column|Sample|Frame|NoRow|Empty|Missing|Record|InvalidIndex|Duplicate|Parse|Decode|Parquet|Csv|Overflow|FloatingPoint/,
    'data',
  ],
];

/** Words of a message, when the type says nothing. */
const BY_WORDS: readonly (readonly [RegExp, FailureClass])[] = [
  [/out of memory|\bquota\b|no capacity/i, 'capacity'],
  [
    /\bpermission|credential|environment variable|hyper-?parameter|\bparameter\b|\bargument\b|\boption\b|\bsettings?\b|configur/i,
    'config',
  ],
  [
    /column|feature|\brows?\b|sample|\bNaN\b|\bnull\b|missing value|\bempty\b|\bdtype|\bshapes?\b|dimension|\blength\b|convert|\bclass(?:es)?\b|\bdates?\b|timestamp|dataset|data ?frame|\bschema\b|duplicate|\btargets?\b|\blabels?\b|\bdata\b|season|series|frequency|too short|uniquely?\b|invalid literal/i,
    'data',
  ],
  [/try again|temporar|unavailable|connection|network/i, 'transient'],
];
/** Words by which a `ValueError` is the program's fault. */
const CODE_WORDS =
  /values to unpack|truth value of|closed file|not in list|unsupported format|substring not found/;

/** Errors that only tell that another program failed. */
const SILENT = new Set(['CalledProcessError', 'ChildFailedError', 'SystemExit']);

/** The class of an error that nobody knows more of than its type and words. */
export function classOfError(name: string, message: string): FailureClass {
  if (SILENT.has(name)) return 'unknown';
  if (name === 'ValueError') return CODE_WORDS.test(message) ? 'code' : (byWords(message) ?? 'data');
  if (name === 'AssertionError') return byWords(message) ?? 'code';
  // A name that is missing is the code's fault and has words of its own; the rest is what is installed.
  if (name === 'ImportError') return 'config';
  if (CODE_TYPES.has(name)) return 'code';
  const byType = BY_TYPE.find(([pattern]) => pattern.test(name))?.[1];
  if (byType !== undefined) return byType;
  return byWords(message) ?? (/^(?:Runtime)?(?:Error|Exception)$/.test(name) ? 'code' : 'unknown');
}

/** The class that the words of a text speak for, or null. What is wrong is said first, what may help after it. */
export function byWords(text: string): FailureClass | null {
  const told = text.slice(0, 600);
  let first = Infinity;
  let best: FailureClass | null = null;
  for (const [pattern, of] of BY_WORDS) {
    const at = told.search(pattern);
    if (at === -1 || at >= first) continue;
    first = at;
    best = of;
  }
  return best;
}
