import { UsageError } from '../kernel/errors.ts';

/**
 * Splits a line into words as a POSIX shell would, and as Python's `shlex.split` does: quotes, escapes, and nothing
 * that a shell would expand or run.
 * @throws UsageError for a quote that is never closed
 */
export function splitWords(line: string, what: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (quote === "'" || (quote === '"' && c !== '\\')) {
      if (c === quote) quote = null;
      else word = `${word ?? ''}${c}`;
    } else if (c === '\\') {
      const next = line.charAt(++i);
      if (next === '' || (quote !== null && next !== '"' && next !== '\\')) word = `${word ?? ''}\\${next}`;
      else word = `${word ?? ''}${next}`;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = `${word ?? ''}${c}`;
  }
  if (quote !== null)
    throw new UsageError(`${what} has a quote that is never closed: ${line}`, {
      hint: `Close the ${quote === '"' ? 'double' : 'single'} quote, or give each argument with --extra-arg.`,
    });
  if (word !== null) words.push(word);
  return words;
}
