/** How a piece of terminal text looks. Colours are 0 to 15 of the palette, or `#rrggbb`. */
export interface Style {
  readonly bold: boolean;
  readonly faint: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly strike: boolean;
  readonly ink: number | string | null;
  readonly ground: number | string | null;
}
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export const PLAIN: Style = {
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
  ink: null,
  ground: null,
};

// What terminals obey and a page must not show: CSI and OSC sequences, other escapes, and control characters.
// eslint-disable-next-line no-control-regex
const CONTROL =
  /\u001b\[([0-9:;<=>?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b[ -/]*[0-~]?|\u009b([0-9:;<=>?]*)[ -/]*([@-~])|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** One line of a log as spans, and the style that the next line begins with. Only SGR sequences are obeyed. */
export function parseAnsi(line: string, from: Style = PLAIN): { spans: Span[]; style: Style } {
  const spans: Span[] = [];
  let style = from;
  let done = 0;
  const push = (text: string): void => {
    if (text === '') return;
    const last = spans.at(-1);
    if (last !== undefined && last.style === style)
      spans[spans.length - 1] = { text: last.text + text, style };
    else spans.push({ text, style });
  };
  for (const match of line.matchAll(CONTROL)) {
    push(line.slice(done, match.index));
    done = match.index + match[0].length;
    const end = match[2] ?? match[4];
    if (end === 'm') style = styled(style, match[1] ?? match[3] ?? '');
  }
  push(line.slice(done));
  return { spans, style };
}

/** The text alone. */
export const stripAnsi = (line: string): string => line.replaceAll(CONTROL, '');

/** Whether a line has anything to obey or to leave out. */
// eslint-disable-next-line no-control-regex
export const hasControls = (line: string): boolean => /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(line);

function styled(style: Style, parameters: string): Style {
  // `38:5:1` and `38;5;1` mean the same; an empty parameter is 0.
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let now = style;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, i + 1);
      if (colour !== null) now = code === 38 ? { ...now, ink: colour } : { ...now, ground: colour };
      i += used;
    } else now = simple(now, code);
  }
  return now;
}

function simple(style: Style, code: number): Style {
  const set = SWITCHES[code];
  if (set !== undefined) return { ...style, ...set };
  if (code >= 30 && code <= 37) return { ...style, ink: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, ink: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, ground: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, ground: code - 92 };
  return style;
}

const SWITCHES: Readonly<Record<number, Partial<Style>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { faint: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, faint: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { ink: null },
  49: { ground: null },
};

/** `5;n` of the 256 colours, or `2;r;g;b`; and how many parameters that took. */
function extended(
  codes: readonly number[],
  at: number,
): readonly [colour: number | string | null, used: number] {
  if (codes[at] === 5) return [palette(codes[at + 1] ?? 0), 2];
  if (codes[at] === 2) {
    const [r = 0, g = 0, b = 0] = codes.slice(at + 1, at + 4);
    return [hex(r, g, b), 4];
  }
  return [null, 1];
}

/** Source: xterm's 256 colours: 16 of the palette, a cube of 6 × 6 × 6, 24 greys. */
function palette(n: number): number | string | null {
  if (!Number.isInteger(n) || n < 0 || n > 255) return null;
  if (n < 16) return n;
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return hex(grey, grey, grey);
  }
  const level = (i: number): number => (i === 0 ? 0 : 55 + i * 40);
  const cube = n - 16;
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function hex(...parts: readonly number[]): string | null {
  if (parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
