import { UsageError } from '../kernel/errors.ts';
import { parseTemplate } from './placeholders.ts';
import type { Reference, TemplatePart } from './placeholders.ts';
import { scanScript } from './shell-scan.ts';
import type { Piece, ScanProblem } from './shell-scan.ts';
import { simpleWords } from './simple-words.ts';
import { own } from './yaml-document.ts';

/**
 * What to start. `argv`: a program and its arguments, no shell at all. `shell`: a script for `bash -c`, with the
 * values in environment variables.
 */
export type BoundCommand =
  | { readonly argv: readonly string[] }
  | { readonly shell: { readonly script: string; readonly variables: Readonly<Record<string, string>> } };

/**
 * Puts a step's values into its command. A value is one argument, or part of one, whatever it holds: it is never
 * split, expanded or run. Values are text for literals and paths for data.
 * @throws UsageError for a placeholder without a value, or one in a place where a shell would run its value
 */
export function bindCommand(
  command: string,
  paths: {
    readonly inputs: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
  },
): BoundCommand {
  const { pieces, problems } = readPieces(command);
  const scan = scanScript(pieces, () => 'X');
  const [problem] = [...problems, ...scan.problems];
  if (problem !== undefined)
    throw new UsageError(`The command cannot be run safely: ${problem.message}.`, { hint: problem.hint });
  const valueOf = (reference: Reference): string => {
    const value = own(paths[reference.group], reference.name);
    if (value === undefined) {
      throw new UsageError(
        `The command refers to \${{${reference.group}.${reference.name}}}, which has no value.`,
        {
          hint: `Declare ${reference.name} under ${reference.group} of the component, with a default or a value.`,
        },
      );
    }
    if (value.includes('\0'))
      throw new UsageError(
        `The value of ${reference.name} holds a zero byte, which no program can be given.`,
      );
    return value;
  };
  const argv = simpleWords(pieces, valueOf);
  if (argv === null) return { shell: inShell(pieces, valueOf) };
  if (argv.length === 0)
    throw new UsageError('The command is empty.', {
      hint: 'Write what is to run, for example python train.py.',
    });
  return { argv };
}

/** What would make `bindCommand` refuse the command, whatever its values are; optional parts count as there. */
export function commandProblems(command: string): readonly ScanProblem[] {
  const { pieces, problems } = readPieces(command);
  return [...problems, ...scanScript(pieces, () => 'X').problems];
}

function inShell(
  pieces: readonly Piece[],
  valueOf: (reference: Reference) => string,
): { readonly script: string; readonly variables: Readonly<Record<string, string>> } {
  const variables: Record<string, string> = {};
  const names = new Map<string, string>();
  const { script } = scanScript(pieces, (reference) => {
    const id = `${reference.group}.${reference.name}`;
    const known = names.get(id);
    if (known !== undefined) return known;
    const wanted = `TRAINYARD_${reference.group === 'inputs' ? 'INPUT' : 'OUTPUT'}_${reference.name.toUpperCase()}`;
    let name = wanted;
    // `rate` and `Rate` are two inputs, but would share a variable.
    for (let n = 2; Object.hasOwn(variables, name); n++) name = `${wanted}__${n}`;
    names.set(id, name);
    variables[name] = valueOf(reference);
    return name;
  });
  return { script, variables };
}

function readPieces(command: string): {
  readonly pieces: readonly Piece[];
  readonly problems: readonly ScanProblem[];
} {
  const { parts, problems } = parseTemplate(command.trim());
  const flat = (part: TemplatePart): Piece[] => {
    if (part.kind === 'text') return [...part.text];
    return part.kind === 'reference' ? [part.reference] : part.parts.flatMap(flat);
  };
  return {
    pieces: parts.flatMap(flat),
    problems: problems.map((message) => ({
      message,
      hint: 'Placeholders are ${{inputs.<name>}} and ${{outputs.<name>}}.',
    })),
  };
}
