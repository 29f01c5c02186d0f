import type { Reference } from './placeholders.ts';
import type { Piece } from './shell-scan.ts';

/**
 * The words of a command that needs no shell: one line of words and quotes, nothing that a shell would expand,
 * redirect or run. Null for everything else.
 */
export function simpleWords(
  pieces: readonly Piece[],
  valueOf: (reference: Reference) => string,
): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let literal = true;
  let quote: "'" | '"' | null = null;
  const endWord = (): boolean => {
    if (word === null) return true;
    if (words.length === 0 && literal && SHELL_WORDS.has(word)) return false;
    words.push(word);
    word = null;
    return true;
  };
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at] ?? '';
    if (typeof piece !== 'string') {
      word = `${word ?? ''}${valueOf(piece)}`;
      literal = false;
    } else if (piece === quote) quote = null;
    else if (quote === "'") word = `${word ?? ''}${piece}`;
    else if (piece === '\\') {
      const next = pieces[at + 1];
      if (typeof next !== 'string') return null;
      at++;
      if (next === '\n') continue;
      word = `${word ?? ''}${quote === '"' && !'$`"\\'.includes(next) ? '\\' : ''}${next}`;
    } else if (piece === '$' || piece === '`') return null;
    else if (quote === '"') word = `${word ?? ''}${piece}`;
    else if (piece === "'" || piece === '"') {
      quote = piece;
      word ??= '';
    } else if (piece === ' ' || piece === '\t') {
      if (!endWord()) return null;
    } else if (
      SPECIAL.has(piece) ||
      (piece === '=' && words.length === 0) ||
      (word === null && '#!'.includes(piece))
    )
      return null;
    else word = `${word ?? ''}${piece}`;
  }
  return quote === null && endWord() ? words : null;
}

const SPECIAL = new Set('|&;<>()*?[]{}~\n\r');

/** First words that only a shell understands. */
const SHELL_WORDS = new Set([
  ...[
    'if',
    'then',
    'else',
    'elif',
    'fi',
    'for',
    'while',
    'until',
    'do',
    'done',
    'case',
    'esac',
    'select',
    'function',
  ],
  ...[
    'time',
    'coproc',
    'in',
    '.',
    ':',
    'alias',
    'bg',
    'bind',
    'break',
    'builtin',
    'caller',
    'cd',
    'command',
    'compgen',
  ],
  ...[
    'complete',
    'continue',
    'declare',
    'dirs',
    'disown',
    'enable',
    'eval',
    'exec',
    'exit',
    'export',
    'fc',
    'fg',
  ],
  ...[
    'getopts',
    'hash',
    'help',
    'history',
    'jobs',
    'let',
    'local',
    'logout',
    'mapfile',
    'popd',
    'pushd',
    'read',
  ],
  ...[
    'readarray',
    'readonly',
    'return',
    'set',
    'shift',
    'shopt',
    'source',
    'suspend',
    'times',
    'trap',
    'type',
  ],
  ...['typeset', 'ulimit', 'umask', 'unalias', 'unset', 'wait'],
]);
