import { identityOf } from './choose-error.ts';
import type { JudgedError } from './choose-error.ts';
import { byWords, classOfError } from './class-of-error.ts';
import type { ErrorLine } from './error-line.ts';
import { MOST_TITLE } from './failure.ts';
import type { FailureClass } from './failure.ts';
import { causeWithId } from './known/find-cause.ts';
import type { Recognised } from './known/find-cause.ts';
import { normalText } from './normal-text.ts';

/** What a failure came to, before it is put into words. */
export interface Finding {
  readonly class: FailureClass;
  readonly id: string;
  /** What tells causes of one id apart. */
  readonly key: string;
  readonly title: string;
  /** Lines of the log that show it; null: none does. */
  readonly lines: { readonly from: number; readonly at: number } | null;
  /** Whether it explains what the log shows after it. */
  readonly root: boolean;
}

/** The id of causes that nothing is known of but their text. */
export const OTHER = 'other';

/** A finding that needs no text. */
export const fixed = (of: FailureClass, id: string, title: string, key = ''): Finding => ({
  class: of,
  id,
  key,
  title,
  lines: null,
  root: false,
});

/** A known cause by its id, where no text was there to be read. */
export function knownById(id: string): Finding {
  const cause = causeWithId(id);
  return recognised({ cause, key: '', index: 0 }, cause.title ?? id.replaceAll('_', ' '));
}

/** A known cause found in a text. */
export function recognised({ cause, key, index }: Recognised, text: string): Finding {
  return {
    class: cause.class,
    id: cause.id,
    key,
    title: cause.title ?? within(text, index),
    lines: null,
    root: cause.says === 'root',
  };
}

/** A text in which the telling words come late keeps them when it is cut. */
const within = (text: string, index: number): string =>
  index < MOST_TITLE - 50 ? text : `${text.slice(0, 60).trimEnd()} … ${text.slice(index)}`;

/** From an exception in the log. */
export function ofError({ error, known }: JudgedError, own_names: readonly string[]): Finding {
  const { name, message, more, frames } = error;
  const words = [message, ...more].map((text) => text.trim()).filter((text) => text !== '');
  // `3 columns do not fit:` says less than the line after it.
  const first = words.slice(0, words[0]?.endsWith(':') === true ? 2 : 1).join(' ');
  const title = first === '' ? name : `${name}: ${first}`;
  const lines = { from: error.from, at: error.at };
  if (known !== null) return { ...recognised(known, title), lines };
  const key = [name, normalText(identityOf(error), own_names)];
  if (first === '' || STOCK.test(first)) key.push(placeOf(frames));
  return { ...fixed(classOfError(name, message), OTHER, title, key.join('\n')), lines };
}

/** Words of the language itself, the same for any slip of that kind: the line of code tells one from another. */
const STOCK =
  /^(?:list|tuple|string|pop|deque|range object) .{0,40}out of range|^pop from |division by zero|^'NoneType' object|^maximum recursion|object is not (?:subscriptable|iterable|callable)|^invalid syntax|^unexpected (?:indent|EOF)|^unindent|expected an indented block|was never closed$|^math domain error|^list\.remove/;

/** The last line of the program's own code, without its number; of a library's where no other is known. */
function placeOf(frames: readonly string[]): string {
  let place = '';
  let own = '';
  for (const [i, frame] of frames.entries()) {
    if (!frame.startsWith('File "')) continue;
    const next = frames[i + 1];
    place =
      next === undefined || next.startsWith('File "') ? (/, in (.{1,100})$/.exec(frame)?.[1] ?? '') : next;
    if (!/site-packages|dist-packages|\/lib\/python|<frozen|\.pyx"/.test(frame)) own = place;
  }
  return own === '' ? place : own;
}

/** From a line that tells an error without a traceback. */
export function ofLine({ at, text, known }: ErrorLine, own_names: readonly string[]): Finding {
  const finding = known === null ? ofText(text, own_names) : recognised(known, text);
  return { ...finding, lines: { from: Math.max(0, at - 5), at } };
}

const TYPED = /^((?:\w{1,60}\.){0,10}_?[A-Z]\w{0,80}): (.*)$/s;

/** From a text that nothing is known of; `KeyError: 'x'` is read as the error that it is. */
export function ofText(text: string, own_names: readonly string[]): Finding {
  const [, type, message = ''] = TYPED.exec(text) ?? [];
  if (type === undefined) return fixed(byWords(text) ?? 'unknown', OTHER, text, normalText(text, own_names));
  const name = type.slice(type.lastIndexOf('.') + 1);
  return fixed(
    classOfError(name, message),
    OTHER,
    `${name}: ${message}`,
    `${name}\n${normalText(message, own_names)}`,
  );
}
