import { EVENT_ID, SCALAR_STYLE, getScalarValue, parseEvents } from 'js-yaml';
import type { AliasEvent, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';

/** Where something stands, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Position of a value, and of its key where it is the value of a map. */
export interface NodePosition extends Position {
  readonly key: Position | null;
}

/**
 * Positions of values by path, in one pass over the text; meant for after something was found wrong. A path that
 * is not there gets the position of its nearest ancestor; null only when the text cannot be read at all.
 */
export function positions(
  source: string,
  paths: readonly (readonly (string | number)[])[],
): (NodePosition | null)[] {
  const root: Wanted = { children: new Map(), value: -1, key: -1 };
  const leaves = paths.map((path) => {
    const trail = [root];
    for (const part of path) {
      const parent = trail.at(-1) ?? root;
      const child = parent.children.get(part) ?? { children: new Map(), value: -1, key: -1 };
      parent.children.set(part, child);
      trail.push(child);
    }
    return trail;
  });
  try {
    findOffsets(source, root);
  } catch {
    return paths.map(() => null);
  }
  const found = leaves.map((trail) => trail.findLast((node) => node.value >= 0));
  const at = linesAndColumns(
    source,
    found.flatMap((node) => (node === undefined ? [] : [node.value, node.key])),
  );
  return found.map((node) => {
    const value = node === undefined ? undefined : at.get(node.value);
    if (node === undefined || value === undefined) return null;
    return { ...value, key: at.get(node.key) ?? null };
  });
}

/** A node of the tree of wanted paths; offsets are -1 until found. */
interface Wanted {
  readonly children: Map<string | number, Wanted>;
  value: number;
  key: number;
}

interface Frame {
  readonly map: boolean;
  readonly wanted: Wanted | undefined;
  key: string | null;
  key_offset: number;
  index: number;
}

function findOffsets(source: string, root: Wanted): void {
  const stack: Frame[] = [];
  for (const event of parseEvents(source, {})) {
    const top = stack.at(-1);
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      nextEntry(stack.at(-1));
      continue;
    }
    if (top?.map === true && top.key === null) {
      // A collection as a key is refused when loading; here it must only keep the count of entries right.
      if (event.type === EVENT_ID.SCALAR)
        [top.key, top.key_offset] = [getScalarValue(source, event), startOf(event)];
      else if (event.type === EVENT_ID.ALIAS) [top.key, top.key_offset] = ['*', startOf(event)];
      else return;
      continue;
    }
    const wanted = top === undefined ? root : top.wanted?.children.get(top.map ? (top.key ?? '') : top.index);
    const offset = startOf(event);
    if (wanted !== undefined && wanted.value < 0) {
      // Nothing after the colon has no place of its own.
      wanted.value = offset < 0 && top?.map === true ? top.key_offset : offset;
      if (top?.map === true) wanted.key = top.key_offset;
    }
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) nextEntry(top);
    else stack.push({ map: event.type === EVENT_ID.MAPPING, wanted, key: null, key_offset: -1, index: 0 });
  }
}

/** Offset of the first character that the user wrote, quotation mark included; -1 for nothing. */
function startOf(event: ScalarEvent | AliasEvent | MappingEvent | SequenceEvent): number {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
  if (event.type !== EVENT_ID.SCALAR) return event.start;
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}

function nextEntry(frame: Frame | undefined): void {
  if (frame === undefined) return;
  frame.key = null;
  frame.index++;
}

function linesAndColumns(source: string, offsets: readonly number[]): Map<number, Position> {
  const at = new Map<number, Position>();
  let line = 1;
  let start = 0;
  for (const offset of [...new Set(offsets)].filter((o) => o >= 0).toSorted((a, b) => a - b)) {
    for (
      let next = source.indexOf('\n', start);
      next >= 0 && next < offset;
      next = source.indexOf('\n', start)
    ) {
      line++;
      start = next + 1;
    }
    at.set(offset, { line, column: offset - start + 1 });
  }
  return at;
}
