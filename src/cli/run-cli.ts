import { Command, CommanderError } from 'commander';
import { EXIT, TrainyardError, UsageError } from '../kernel/errors.ts';
import { ownVersion } from '../kernel/package-folder.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { CATALOG } from './catalog.ts';
import { ExitWith } from './exit.ts';
import { harmless } from './render/output.ts';
import { reportError } from './render/report-error.ts';

/** Runs one command line to its end and returns the exit code. Never throws, never prints a stack for a user's mistake. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const said: string[] = [];
  let program: Command | null = null;
  try {
    program = await buildProgram(argv, (text) => said.push(text));
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ExitWith) return error.exit_code;
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      const mistyped = program === null ? null : unknownSubcommand(program, argv, error);
      if (mistyped !== null) reportError(mistyped, json);
      else if (json) reportError(new UsageError(error.message.replace(/^error: /, '')), json);
      else process.stderr.write(harmless(said.join('')));
      return EXIT.usage;
    }
    reportError(error, json);
    return error instanceof TrainyardError ? error.exit_code : EXIT.unexpected;
  }
}

/** `runs shwo` would be taken for `runs list shwo`, which is not what anybody meant. */
function unknownSubcommand(
  program: Command,
  argv: readonly string[],
  error: CommanderError,
): UsageError | null {
  const word =
    error.code === 'commander.excessArguments'
      ? /but got \d+: ([^,\s]+?)(?:,.*)?\.$/.exec(error.message)?.[1]
      : undefined;
  const parent = program.commands.find((c) => c.name() === argv.find(isWord));
  if (word === undefined || parent === undefined || parent.commands.length === 0) return null;
  const names = parent.commands.map((c) => c.name());
  if (names.some((name) => argv.includes(name))) return null;
  return new UsageError(`There is no command ${parent.name()} ${word}.`, {
    hint: didYouMean(word, names) ?? `It is one of ${names.join(', ')}.`,
  });
}

/**
 * The program with the one command that was asked for; names and summaries of the others, for help and suggestions.
 * `say` gets what the parser has to say about mistakes.
 */
export async function buildProgram(argv: readonly string[], say: (text: string) => void): Promise<Command> {
  const asked = argv.find(isWord);
  const program = new Command('trainyard')
    .description('Trains a fleet of models, one per circuit, from one config file.')
    .usage('<command> [options]')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText('after', FOOTER);
  program.configureOutput({ writeErr: say });
  const wantsHelpOf = asked === 'help' ? argv.slice(argv.indexOf('help') + 1).find(isWord) : asked;
  for (const entry of CATALOG) {
    if (entry.name === wantsHelpOf) (await entry.load()).define(program);
    else program.command(entry.name).description(entry.summary).allowUnknownOption();
  }
  const isKnown = [undefined, 'help', ...CATALOG.map((c) => c.name)].includes(wantsHelpOf);
  if (wantsHelpOf !== undefined && !isKnown) {
    throw new UsageError(`There is no command ${wantsHelpOf}.`, {
      hint:
        didYouMean(
          wantsHelpOf,
          CATALOG.map((c) => c.name),
        ) ?? 'See them all with `trainyard --help`.',
    });
  }
  for (const command of program.commands) inherit(command, program);
  return program;
}

const isWord = (argument: string): boolean => !argument.startsWith('-');

function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).showHelpAfterError('(see --help)');
  for (const child of command.commands) inherit(child, command);
}

const FOOTER = `
Examples:
  trainyard init my-fleet          a new project with a working example
  trainyard plan                   what would be trained, and why
  trainyard run                    train, register, ask, promote
  trainyard why seattle_wind       one circuit explained
  trainyard jobs logs -f JOB       follow a training as it runs

Commands take --project DIR and --json. Exit codes: docs/cli.md`;
