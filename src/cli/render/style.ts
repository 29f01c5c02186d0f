import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours where the stream shows them and nobody said NO_COLOR; meaning never rests on colour alone. */
export function paint(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream });
}

/** Width of the terminal, or 100 where there is none, or one that says 0. */
export const columns = (stream: NodeJS.WriteStream = process.stdout): number => stream.columns || 100;

const SYMBOLS: Readonly<Record<string, readonly [string, Format]>> = {
  succeeded: ['✓', 'green'],
  failed: ['✗', 'red'],
  canceled: ['⊘', 'yellow'],
  skipped: ['–', 'gray'],
  running: ['▶', 'cyan'],
  waiting: ['‖', 'yellow'],
  pending: ['·', 'gray'],
  queued: ['·', 'gray'],
  preparing: ['◌', 'cyan'],
};

/** A status as a shape and a word. */
export function status(text: string, width = 0): string {
  const [symbol, format] = SYMBOLS[text] ?? ['·', 'gray'];
  return paint(format, `${symbol} ${text}`.padEnd(width));
}

/** What somebody else wrote takes one line and cannot pass for another: line breaks and tabs become spaces. */
export const oneLine = (text: string): string => text.replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ');

/** The folders of an absolute path. */
const FOLDERS = /(?<=^|[\s'"(=])\/(?:[^\s/'":]+\/){2,}(?=[^\s/'":])/g;

/** One line, cut to `width` characters with an ellipsis; folders of long paths go first, they say least. */
export function clip(text: string, width: number): string {
  const whole = oneLine(text);
  const line = whole.length <= width ? whole : whole.replaceAll(FOLDERS, '…/');
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}

/** The same for a text with colours in it: cut, it loses them. */
export function fit(text: string, width: number): string {
  const seen = stripVTControlCharacters(text);
  return seen.length <= width ? text : clip(seen, width);
}

/** Names, the first few and how many more; `total` where not all of them are there. */
export function someOf(names: readonly string[], most: number, total = names.length): string {
  return total <= most
    ? names.join(' ')
    : `${names.slice(0, most).join(' ')} … +${total - Math.min(most, names.length)}`;
}
