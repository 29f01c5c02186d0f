import { PLAIN, hasControls, parseAnsi, stripAnsi } from './ansi.ts';
import type { Span, Style } from './ansi.ts';

/** What an attempt printed, as lines, growing as pieces come. Lines are read when they are shown. */
export class LogText {
  readonly #lines: string[] = [];
  /** The style with which a line begins, where it is not the plain one. */
  readonly #styles = new Map<number, Style>();
  #last: Style = PLAIN;
  /** The last line has no end yet. */
  #open = false;
  /** Counts changes, for whoever has to draw anew. */
  version = 0;

  get count(): number {
    return this.#lines.length;
  }

  /** More of the log; pieces may end anywhere, in the middle of a line or of an escape sequence. */
  append(text: string): void {
    if (text === '') return;
    const parts = text.split('\n');
    for (const [i, part] of parts.entries()) {
      const ends = i < parts.length - 1;
      if (part === '' && !ends) break;
      const at = this.#open ? this.#lines.length - 1 : this.#lines.length;
      const line = (this.#open ? (this.#lines[at] ?? '') : '') + part;
      this.#lines[at] = line;
      if (this.#last !== PLAIN) this.#styles.set(at, this.#last);
      this.#open = !ends;
      if (ends && hasControls(line)) this.#last = parseAnsi(line, this.#last).style;
    }
    this.version += 1;
  }

  /** A line as it is shown. */
  line(index: number): readonly Span[] {
    const raw = overprinted(this.#lines[index] ?? '');
    const style = this.#styles.get(index) ?? PLAIN;
    if (style === PLAIN && !hasControls(raw)) return raw === '' ? [] : [{ text: raw, style }];
    return parseAnsi(raw, style).spans;
  }

  /** Lines that hold `text`, in any case, from `from` on. */
  find(text: string, from = 0): number[] {
    if (text === '') return [];
    const wanted = text.toLowerCase();
    const found: number[] = [];
    for (let i = from; i < this.#lines.length; i += 1) {
      const raw = this.#lines[i] ?? '';
      const shown = hasControls(raw) ? stripAnsi(overprinted(raw)) : raw;
      if (shown.toLowerCase().includes(wanted)) found.push(i);
    }
    return found;
  }
}

/** Progress bars go back to the start of their line and write over it; what was written last is what is seen. */
function overprinted(line: string): string {
  const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
  const at = whole.lastIndexOf('\r');
  return at === -1 ? whole : whole.slice(at + 1);
}
