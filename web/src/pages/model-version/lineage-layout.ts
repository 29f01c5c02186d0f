import type { LineageNode, LineageParts } from './lineage-nodes.ts';

/** A node in its place. */
export interface Box {
  readonly node: LineageNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Edge {
  readonly key: string;
  readonly d: string;
  /** It leads to what is not there yet. */
  readonly ahead: boolean;
}
export interface LineageLayout {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

const HEIGHT = 44;
/** Between two sources, one below the other. */
const BETWEEN = 8;
const GAP = 32;
/** Where the sources come together. */
const MERGE = 56;
const SOURCE = 144;
/** As wide as what stands in them; jobs have long names. */
const WIDTHS: Readonly<Record<string, number>> = {
  run: 80,
  job: 208,
  version: 132,
  promotion: 120,
  shared: 132,
};
/** The narrowest frame in which it lies across. */
export const ACROSS_FROM = 1000;

/** Sources one below the other on the left, the line from their middle to the right. */
export function layAcross({ sources, line }: LineageParts): LineageLayout {
  const height = sources.length * HEIGHT + (sources.length - 1) * BETWEEN;
  const middle = height / 2;
  const left = sources.map((node, i): Box => ({
    node,
    x: 0,
    y: i * (HEIGHT + BETWEEN),
    width: SOURCE,
    height: HEIGHT,
  }));
  let x = SOURCE + MERGE;
  const right = line.map((node): Box => {
    const width = WIDTHS[node.key] ?? SOURCE;
    const box = { node, x, y: middle - HEIGHT / 2, width, height: HEIGHT };
    x += width + GAP;
    return box;
  });
  const to = SOURCE + MERGE;
  const bend = to - MERGE / 2;
  return {
    boxes: [...left, ...right],
    edges: [
      ...left.map(({ node, y }): Edge => {
        const from = y + HEIGHT / 2;
        return {
          key: node.key,
          d:
            from === middle
              ? `M${SOURCE} ${from}H${to}`
              : `M${SOURCE} ${from}C${bend} ${from} ${bend} ${middle} ${to} ${middle}`,
          ahead: false,
        };
      }),
      ...right.slice(1).map(({ node, x: at }): Edge => ({
        key: node.key,
        d: `M${at - GAP} ${middle}H${at}`,
        ahead: node.state === 'ahead',
      })),
    ],
    width: x - GAP,
    height,
  };
}

/** Where a rail runs down on the left. */
const RAIL = 8;
const INSET = 28;

/** One below the other beside a rail, from the sources down to the shared version. */
export function layDown({ sources, line }: LineageParts, width: number): LineageLayout {
  const nodes = [...sources, ...line];
  const boxes = nodes.map((node, i): Box => ({
    node,
    x: INSET,
    // A little more room where the sources end and the line begins.
    y: i * (HEIGHT + BETWEEN) + (i >= sources.length ? BETWEEN : 0),
    width: width - INSET,
    height: HEIGHT,
  }));
  const center = ({ y }: Box): number => y + HEIGHT / 2;
  return {
    boxes,
    edges: boxes.flatMap((box, i): Edge[] => {
      const before = boxes[i - 1];
      const ahead = box.node.state === 'ahead';
      const stub = `M${RAIL} ${center(box)}H${INSET}`;
      const rail = before === undefined ? '' : `M${RAIL} ${center(before)}V${center(box)}`;
      return [{ key: box.node.key, d: `${rail}${stub}`, ahead }];
    }),
    width,
    height: (boxes.at(-1)?.y ?? 0) + HEIGHT,
  };
}

/** What fits into so many px at a good 7 px a letter; names keep their end, where dates and numbers are. */
export function fitted(text: string, px: number): string {
  const most = Math.max(4, Math.floor(px / 7.3));
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}
