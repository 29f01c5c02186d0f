import type { Reference } from './placeholders.ts';
import { RUNS_ARGUMENTS, commandName, interpreterOf } from './shell-programs.ts';

/** One character of a command, or a placeholder. */
export type Piece = string | Reference;

export interface ScanProblem {
  readonly message: string;
  readonly hint: string;
}

export interface ScanResult {
  /** A bash script in which every placeholder became a quoted reference to a variable. */
  readonly script: string;
  /** Places where the shell, or a program it starts, would interpret a value instead of handing it over. */
  readonly problems: readonly ScanProblem[];
}

/**
 * Walks over a bash script and puts variable references where placeholders stand, each quoted as its place needs it,
 * so that no value is split, expanded or run. `variable` names the variable of a placeholder.
 */
export function scanScript(pieces: readonly Piece[], variable: (reference: Reference) => string): ScanResult {
  return new Scanner(pieces, variable).run();
}

/** What the scanner is inside of. `command` is command text: the top level, `( … )` and `$( … )`. */
type Frame =
  | {
      readonly kind: 'command';
      words: string[];
      word: string;
      heredocs: { readonly end: string; readonly tabs: boolean }[];
    }
  | { readonly kind: 'single' | 'double' | 'ansi' | 'backtick' | 'brace' | 'old_arithmetic' }
  | { readonly kind: 'arithmetic'; depth: number };

const PASS_AS_ARGUMENT = 'Pass the value as an argument of its own and let the program read its arguments.';
const SET_FIRST = (source: string): string =>
  `Set a variable before it, value=${source}, and use "$value" there.`;

class Scanner {
  readonly #pieces: readonly Piece[];
  readonly #variable: (reference: Reference) => string;
  readonly #frames: Frame[] = [newCommand()];
  readonly #problems: ScanProblem[] = [];
  #out = '';
  #at = 0;

  constructor(pieces: readonly Piece[], variable: (reference: Reference) => string) {
    this.#pieces = pieces;
    this.#variable = variable;
  }

  run(): ScanResult {
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at] ?? '';
      if (typeof piece === 'string') this.#character(piece);
      else this.#reference(piece);
    }
    return { script: this.#out, problems: this.#problems };
  }

  get #frame(): Frame {
    return this.#frames.at(-1) ?? newCommand();
  }

  /** The innermost command text around here: quotes and `${…}` are parts of its current word. */
  get #command(): Extract<Frame, { kind: 'command' }> {
    for (const frame of this.#frames.toReversed()) if (frame.kind === 'command') return frame;
    return newCommand();
  }

  #reference(reference: Reference): void {
    const source = `\${{${reference.group}.${reference.name}}}`;
    const problem = this.#danger(source);
    if (problem !== null) this.#problems.push(problem);
    const name = this.#variable(reference);
    const { kind } = this.#frame;
    if (kind === 'single') this.#out += `'"\${${name}}"'`;
    else if (kind === 'ansi') this.#out += `'"\${${name}}"$'`;
    else this.#out += kind === 'double' ? `\${${name}}` : `"\${${name}}"`;
    this.#command.word += '\0';
    this.#at++;
  }

  #danger(source: string): ScanProblem | null {
    const { kind } = this.#frame;
    const before = this.#pieces[this.#at - 1];
    if (before === '$' && kind !== 'single' && kind !== 'ansi') {
      return {
        message: `a $ stands directly before ${source}`,
        hint: 'Remove the $ or put it in single quotes.',
      };
    }
    if (kind === 'backtick')
      return { message: `${source} stands between backticks`, hint: 'Write $( … ) instead of ` … `.' };
    if (kind === 'arithmetic' || kind === 'old_arithmetic') {
      return {
        message: `${source} stands inside arithmetic, where bash runs what it reads`,
        hint: PASS_AS_ARGUMENT,
      };
    }
    if (this.#frames.some((f) => f.kind === 'brace')) {
      return { message: `${source} stands inside \${ … }`, hint: SET_FIRST(source) };
    }
    const { words, word } = this.#command;
    if (/^[A-Za-z_]\w*\[[^\]]*$/.test(word)) {
      return {
        message: `${source} stands inside [ ] as an index, where bash runs what it reads`,
        hint: PASS_AS_ARGUMENT,
      };
    }
    const name = commandName(words);
    if (name !== null && RUNS_ARGUMENTS.has(name)) {
      return { message: `${source} is handed to ${name}, which runs what it reads`, hint: PASS_AS_ARGUMENT };
    }
    const program = interpreterOf(words);
    if (program !== null) {
      return {
        message: `${source} stands inside the program text of ${program}, which would run it`,
        hint: PASS_AS_ARGUMENT,
      };
    }
    if (words.includes('[[') && !words.includes(']]') && this.#comparesNumbers(words)) {
      return {
        message: `${source} is compared as a number in [[ ]], where bash runs what it reads`,
        hint: 'Use [ ] instead of [[ ]].',
      };
    }
    return null;
  }

  #comparesNumbers(words: readonly string[]): boolean {
    const rest = this.#pieces
      .slice(this.#at)
      .map((p) => (typeof p === 'string' ? p : '\0'))
      .join('');
    const end = rest.indexOf(']]');
    return /\s-(?:eq|ne|lt|le|gt|ge)\s/.test(
      ` ${words.join(' ')} ${rest.slice(0, end < 0 ? undefined : end)} `,
    );
  }

  #character(c: string): void {
    const frame = this.#frame;
    switch (frame.kind) {
      case 'command':
        return this.#commandCharacter(c, frame);
      case 'single':
        return this.#take(1, c === "'");
      case 'ansi':
        return c === '\\' ? this.#escape() : this.#take(1, c === "'");
      case 'double':
        if (c === '"') return this.#take(1, true);
        return c === '\\' ? this.#escape() : this.#expansionOr(c);
      case 'backtick':
        return c === '\\' ? this.#escape() : this.#take(1, c === '`');
      case 'brace':
        if (c === '}') return this.#take(1, true);
        if (c === "'" && !this.#frames.some((f) => f.kind === 'double'))
          return this.#enter(1, { kind: 'single' });
        if (c === '"') return this.#enter(1, { kind: 'double' });
        return c === '\\' ? this.#escape() : this.#expansionOr(c);
      case 'old_arithmetic':
        return this.#take(1, c === ']');
      case 'arithmetic':
        if (c === '(') frame.depth++;
        if (c === ')' && frame.depth > 0) frame.depth--;
        else if (c === ')' && this.#pieces[this.#at + 1] === ')') return this.#take(2, true);
        return this.#take(1);
    }
  }

  #commandCharacter(c: string, frame: Extract<Frame, { kind: 'command' }>): void {
    if (c === '\n') {
      this.#endWord(frame, true);
      this.#take(1);
      for (const heredoc of frame.heredocs.splice(0)) this.#heredocBody(heredoc);
    } else if (c === ' ' || c === '\t') {
      this.#endWord(frame, false);
      this.#take(1);
    } else if (c === '#' && frame.word === '') this.#comment();
    else if (c === '\\') this.#escape();
    else if (c === "'") this.#enter(1, { kind: 'single' });
    else if (c === '"') this.#enter(1, { kind: 'double' });
    else if (this.#ahead('<<<')) this.#separator(frame, 3, false);
    else if (this.#ahead('<<')) this.#heredocStart(frame);
    else if (this.#ahead('((')) this.#enter(2, { kind: 'arithmetic', depth: 0 });
    else if (c === '(') {
      this.#endWord(frame, true);
      this.#enter(1, newCommand());
    } else if (c === ')') {
      // A lone one ends a pattern of `case`.
      this.#endWord(frame, true);
      this.#take(1, this.#frames.length > 1);
    } else if (c === ';' || c === '&' || c === '|') this.#separator(frame, 1, true);
    else if (c === '<' || c === '>') this.#separator(frame, 1, false);
    else if (this.#ahead("$'")) this.#enter(2, { kind: 'ansi' });
    else if (this.#ahead('$"')) this.#enter(2, { kind: 'double' });
    else this.#expansionOr(c);
  }

  /** Enters an expansion that begins here, or takes the character as it is. */
  #expansionOr(c: string): void {
    if (this.#ahead('$((')) this.#enter(3, { kind: 'arithmetic', depth: 0 });
    else if (this.#ahead('$(')) this.#enter(2, newCommand());
    else if (this.#ahead('${')) this.#enter(2, { kind: 'brace' });
    else if (this.#ahead('$[')) this.#enter(2, { kind: 'old_arithmetic' });
    else if (c === '`') this.#enter(1, { kind: 'backtick' });
    else this.#take(1);
  }

  #ahead(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#pieces[this.#at + i] !== text[i]) return false;
    return true;
  }

  #take(count: number, leave = false): void {
    for (let i = 0; i < count; i++) {
      const piece = this.#pieces[this.#at++];
      if (typeof piece !== 'string') continue;
      this.#out += piece;
      if (!/\s/.test(piece) || this.#frame.kind !== 'command') this.#command.word += piece;
    }
    if (leave) this.#frames.pop();
  }

  #enter(count: number, frame: Frame): void {
    this.#take(count);
    this.#frames.push(frame);
  }

  #escape(): void {
    const next = this.#pieces[this.#at + 1];
    if (next === undefined || typeof next === 'string') return this.#take(next === undefined ? 1 : 2);
    this.#problems.push({
      message: `a backslash stands directly before \${{${next.group}.${next.name}}}`,
      hint: 'Remove the backslash: values are quoted already.',
    });
    this.#take(1);
  }

  #separator(frame: Extract<Frame, { kind: 'command' }>, count: number, endsCommand: boolean): void {
    this.#endWord(frame, endsCommand);
    this.#take(count);
    frame.word = '';
  }

  #endWord(frame: Extract<Frame, { kind: 'command' }>, endsCommand: boolean): void {
    if (frame.word !== '') frame.words.push(frame.word);
    frame.word = '';
    if (endsCommand) frame.words = [];
  }

  #comment(): void {
    while (this.#at < this.#pieces.length && this.#pieces[this.#at] !== '\n') {
      const piece = this.#pieces[this.#at++];
      if (typeof piece === 'string') this.#out += piece;
    }
  }

  #heredocStart(frame: Extract<Frame, { kind: 'command' }>): void {
    this.#separator(frame, 2, false);
    const tabs = this.#pieces[this.#at] === '-';
    if (tabs) this.#take(1);
    while (this.#pieces[this.#at] === ' ' || this.#pieces[this.#at] === '\t') this.#take(1);
    let end = '';
    for (
      let p = this.#pieces[this.#at];
      typeof p === 'string' && !/[\s;&|<>()]/.test(p);
      p = this.#pieces[this.#at]
    ) {
      end += /["'\\]/.test(p) ? '' : p;
      this.#take(1);
    }
    frame.word = '';
    frame.heredocs.push({ end, tabs });
  }

  #heredocBody({ end, tabs }: { readonly end: string; readonly tabs: boolean }): void {
    while (this.#at < this.#pieces.length) {
      let line = '';
      while (this.#at < this.#pieces.length) {
        const piece = this.#pieces[this.#at++];
        if (typeof piece === 'string') this.#out += piece;
        else if (piece !== undefined) this.#heredocReference(piece);
        if (piece === '\n') break;
        line += typeof piece === 'string' ? piece : '\0';
      }
      if ((tabs ? line.replace(/^\t+/, '') : line) === end) return;
    }
  }

  #heredocReference(reference: Reference): void {
    const source = `\${{${reference.group}.${reference.name}}}`;
    this.#problems.push({ message: `${source} stands inside a here-document`, hint: SET_FIRST(source) });
  }
}

const newCommand = (): Extract<Frame, { kind: 'command' }> => ({
  kind: 'command',
  words: [],
  word: '',
  heredocs: [],
});
