/**
 * Where each circuit stands in the text, found by its dash; so that lines cost next to nothing, and a long list can
 * be parsed piece by piece instead of as one huge tree of events.
 */

export interface CircuitScan {
  /** Offset of the line of each item's dash. */
  readonly offsets: readonly number[];
  /** Line of each item's dash, from 1. */
  readonly lines: readonly number[];
  /** Offset of the line after `circuits:`, and of the line after the list. */
  readonly start: number;
  readonly end: number;
  /** Lines before `start`, and lines from there to `end`. */
  readonly lines_before: number;
  readonly lines_in_list: number;
}

const LIST_KEY = /^circuits[ \t]*:[ \t]*(?:#[^\n]*)?\r?\n/m;
const [NEWLINE, RETURN, SPACE, HASH, DASH] = [10, 13, 32, 35, 45];

/** The items of a block list under a top-level `circuits:`; null for any other way to write the file. */
export function scanCircuits(source: string): CircuitScan | null {
  const key = LIST_KEY.exec(source);
  if (key === null) return null;
  const start = key.index + key[0].length;
  const linesBefore = countLines(source, start);
  const offsets: number[] = [];
  const lines: number[] = [];
  let line = linesBefore + 1;
  let indent = -1;
  let at = start;
  let end = source.length;
  let linesInList = 0;
  for (; at < source.length; line++) {
    let text = at;
    while (source.charCodeAt(text) === SPACE) text++;
    const first = source.charCodeAt(text);
    const blank = Number.isNaN(first) || first === NEWLINE || first === RETURN || first === HASH;
    if (!blank) {
      const depth = text - at;
      const dash = first === DASH && isBlank(source.charCodeAt(text + 1));
      if (indent < 0) {
        if (!dash) return null;
        indent = depth;
      }
      if (depth < indent || (depth === indent && !dash)) {
        if (depth > 0) return null;
        end = at;
        break;
      }
      if (depth === indent) {
        offsets.push(at);
        lines.push(line);
      }
    }
    const next = source.indexOf('\n', text);
    at = next < 0 ? source.length : next + 1;
    linesInList = line - linesBefore;
  }
  if (offsets.length === 0) return null;
  return { offsets, lines, start, end, lines_before: linesBefore, lines_in_list: linesInList };
}

const isBlank = (code: number): boolean =>
  Number.isNaN(code) || code === SPACE || code === NEWLINE || code === RETURN;

function countLines(source: string, end: number): number {
  let lines = 0;
  for (let at = source.indexOf('\n'); at >= 0 && at < end; at = source.indexOf('\n', at + 1)) lines++;
  return lines;
}

/**
 * True when pieces of the list mean the same as the whole: nothing in the text refers from one place to another
 * (anchors, aliases, directives, several documents). In doubt false.
 */
export function canCut(source: string): boolean {
  if (source.startsWith('%') || source.includes('\n%')) return false;
  if (/^(?:---|\.\.\.)/m.test(source)) return false;
  if (!source.includes('&') && !source.includes('*')) return true;
  return !/(?:^|[\s[{,:-])[&*][^\s]/.test(source);
}

/** Everything but the list, for the keys around it. */
export const withoutList = (source: string, scan: CircuitScan): string =>
  source.slice(0, scan.start) + source.slice(scan.end);

/** Ranges of items, each about 64 KiB of text: small ones keep the parser's garbage young. */
export function* pieces(
  scan: CircuitScan,
  size = 1 << 16,
): Generator<{ readonly first: number; readonly count: number; readonly from: number; readonly to: number }> {
  const { offsets, end } = scan;
  for (let first = 0; first < offsets.length;) {
    const from = offsets[first] ?? end;
    let next = first + 1;
    while (next < offsets.length && (offsets[next] ?? end) - from < size) next++;
    yield { first, count: next - first, from, to: offsets[next] ?? end };
    first = next;
  }
}
