/** Commands that run what they are given as text. */

/** These run or evaluate their arguments, here or on another machine. */
export const RUNS_ARGUMENTS = new Set(['eval', 'let', 'trap', 'ssh']);
const PREFIXES = new Set([
  'if',
  'then',
  'else',
  'elif',
  'while',
  'until',
  'do',
  '!',
  '{',
  'time',
  'command',
  'builtin',
  'exec',
  'nohup',
]);

/** The command that the words belong to: the first one that is neither an assignment nor a word before a command. */
export const commandName = (words: readonly string[]): string | null =>
  words.find((word) => !PREFIXES.has(word) && !/^[A-Za-z_]\w*\+?=/.test(word)) ?? null;

const SHELL = /^(?:\S*\/)?(?:ba|da|z|k|c|tc)?sh$/;
const INTERPRETER = /^(?:\S*\/)?(?:python[\d.]*|node|bun|perl|ruby|Rscript|julia|php|lua)$/;

/** The program that takes the next word as program text (`bash -c`, `python -c`, `perl -e`), or null. */
export function interpreterOf(words: readonly string[]): string | null {
  const flag = words.at(-1) ?? '';
  // Only flags may stand between: in `python train.py -c x` the flag is the script's own.
  const program = words.slice(0, -1).findLast((word) => !word.startsWith('-')) ?? '';
  if (SHELL.test(program) && /^-\w*c$/.test(flag)) return program;
  if (INTERPRETER.test(program) && /^(?:-\w*[ceEpr]|--(?:eval|print|execute))$/.test(flag)) return program;
  return null;
}
