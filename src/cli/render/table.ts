import { stripVTControlCharacters } from 'node:util';
import { columns, oneLine } from './style.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
}

/** A table that fits the terminal: the last column is cut, the others keep their widths. */
export function table<T>(rows: readonly T[], shape: readonly Column<T>[]): string {
  const cells = rows.map((row) => shape.map((c) => oneLine(c.value(row))));
  const widths = shape.map((c, i) => Math.max(c.title.length, ...cells.map((r) => visible(r[i] ?? ''))));
  const line = (values: readonly string[]): string =>
    values
      .map((v, i) => {
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - visible(v)));
        return shape[i]?.align === 'right' ? gap + v : v + gap;
      })
      .join('  ')
      .trimEnd();
  const head = line(shape.map((c) => c.title.toUpperCase()));
  return [head, ...cells.map(line)].map((l) => cut(l, columns())).join('\n');
}

const visible = (text: string): number => stripVTControlCharacters(text).length;

function cut(text: string, width: number): string {
  if (visible(text) <= width || !process.stdout.isTTY) return text;
  return `${stripVTControlCharacters(text).slice(0, width - 1)}…`;
}
