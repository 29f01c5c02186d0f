/**
 * Build agents read commands out of what a step prints, on both streams: Azure DevOps takes `##vso[…]` anywhere in a
 * line, GitHub `##[…]` anywhere and `::…::` at a line's beginning. A training script, or the message of an error that it
 * died of, could so set variables of the pipeline. Text that is not ours is printed with a space in such a mark:
 * `# #vso[`, `: :set-output`. A character without width would not do, because the agents' search ignores those.
 */

/** What may stand between two characters such that a comparison that knows languages still takes them for neighbours. */
const UNSEEN = String.raw`[[\p{Cc}--[\r\n\t]]\p{Cf}\p{Default_Ignorable_Code_Point}]*`;
const BLANK = String.raw`[[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]--[\r\n]]*`;
const HASHES = new RegExp(String.raw`#(?=${UNSEEN}#${UNSEEN}(?:\[|v${UNSEEN}s${UNSEEN}o))`, 'giv');
const COLONS = new RegExp(String.raw`(?<=^|[\r\n])(${BLANK}:)(?=${UNSEEN}:)`, 'gv');

/** Text such that a build agent finds no command in it. Everything else stays as it is. */
export const defuse = (text: string): string => {
  const hashes = text.includes('#') ? text.replaceAll(HASHES, '# ') : text;
  return hashes.includes(':') ? hashes.replaceAll(COLONS, '$1 ') : hashes;
};

/** The same for a JSON document, in which a sign may be written another way: it says exactly what it said before. */
export const defuseJson = (json: string): string =>
  json.includes('##') || /#[^\p{ASCII}]/u.test(json) ? json.replaceAll(HASHES, String.raw`\u0023`) : json;

/** A line that is longer is cut in two: it cannot be kept until its end comes. */
const LONGEST_LINE = 1 << 16;

/** For text that comes in pieces, which may end in the middle of a mark: passes on whole lines. */
export class LineDefuser {
  #rest = '';

  /** What can be printed by now. */
  push(piece: string): string {
    const text = this.#rest + piece;
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1;
    this.#rest = text.slice(end);
    if (this.#rest.length <= LONGEST_LINE) return defuse(text.slice(0, end));
    const long = `${defuse(this.#rest)}\n`;
    this.#rest = '';
    return defuse(text.slice(0, end)) + long;
  }

  /** What is left when nothing more comes. */
  end(): string {
    const text = defuse(this.#rest);
    this.#rest = '';
    return text;
  }
}
