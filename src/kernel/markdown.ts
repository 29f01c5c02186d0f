/**
 * Pages of Markdown for CI systems. What stands in them was often written by somebody else, such as a training script:
 * it shows as it is, and is no markup, no table cell, no HTML and nobody's mention.
 */

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g;
const MARKUP = /[\\`*_{}[\]<>|#!~&$]/g;

/** Text on one line, fit for a sentence, a list and a cell of a table; cut to `most` characters before it is escaped. */
export function inline(text: string, most = Number.POSITIVE_INFINITY): string {
  const line = oneLine(text);
  const short = line.length <= most ? line : `${line.slice(0, most - 1)}…`;
  return (
    short
      .replaceAll(MARKUP, (c) => `\\${c}`)
      // At the beginning of an item these would begin another list in it.
      .replace(/^[-+=]|^\d+(?=[.)])/, (c) => (/\d/.test(c) ? `${c}\\` : `\\${c}`))
      // GitHub looks for mentions in the finished text, where no escape is left: only another character keeps them apart.
      .replaceAll(/@(?=[\w-])/g, '@\u200B')
  );
}

/** A name or a command to copy. What a code span cannot hold in a table comes as inline text. */
export const code = (text: string): string =>
  text !== '' && text === oneLine(text) && !/[`|\\]/.test(text) ? `\`${text}\`` : inline(text);

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(CONTROLS, '').trim();

/** A line of a table. Cells are Markdown already. */
export const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

/** Part of a page: lines that stay, and below them rows that may be left out. */
export interface Section {
  readonly head: readonly string[];
  /** Written only when it is their turn, for of ten thousand a few hundred fit. */
  readonly rows?: readonly (() => string)[];
  /** No more rows than this, however much room there is. */
  readonly most?: number;
  /** What stands for rows that are left out: how many, and where to see them all. */
  readonly rest?: (left_out: number) => string;
}

/** The sections as one page of at most `limit` characters, cut at a whole row. The first sections keep theirs longest. */
export function page(sections: readonly Section[], limit = Number.POSITIVE_INFINITY): string {
  const kept = [...sections];
  // Heads are short; should they ever not be, the last sections go.
  while (kept.length > 1 && sum(kept.map(fixed)) > limit) kept.pop();
  let room = limit - sum(kept.map(fixed));
  const lines = kept.flatMap(({ head, rows = [], most, rest }) => {
    const shown: string[] = [];
    for (const write of rows.slice(0, most)) {
      const line = write();
      if (line.length + 1 > room) break;
      room -= line.length + 1;
      shown.push(line);
    }
    const left = rows.length - shown.length;
    return [...head, ...shown, ...(left > 0 && rest !== undefined ? ['', rest(left)] : []), ''];
  });
  return `${lines.join('\n').trimEnd()}\n`.slice(0, limit);
}

/** Characters of a section besides its rows, with the longest line there may be for rows that are left out. */
const fixed = ({ head, rows = [], rest }: Section): number =>
  sum(head.map((line) => line.length + 1)) +
  (rows.length > 0 && rest !== undefined ? rest(rows.length).length + 2 : 0) +
  1;

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
