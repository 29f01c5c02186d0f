import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { openProject } from '../app.ts';
import type { Env, Overrides, Project } from '../app.ts';
import type { Client } from '../client/index.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Leftover } from '../notify/index.ts';
import { parseDuration } from '../kernel/duration.ts';
import { note } from './render/output.ts';

/** Flags that every command takes. */
export interface CommonOptions {
  readonly project?: string;
  readonly json?: boolean;
  readonly server?: string;
}

/**
 * Adds what a command has that works in a project here and on a server: --project, --server, --json and examples below its
 * help.
 */
export function commonAnywhere(command: Command, examples: string): Command {
  return withExamples(
    command
      .option('--project <dir>', 'the project folder (default: the nearest one here or above)')
      .option('--server <url>', 'ask a Trainyard server instead (default: $TRAINYARD_SERVER)')
      .option('--json', 'print JSON for machines'),
    examples,
  );
}

/** The same for a command that is about this machine, or about a project on it. */
export function common(command: Command, examples: string): Command {
  return withExamples(
    command
      .option('--project <dir>', 'the project folder (default: the nearest one here or above)')
      .option('--json', 'print JSON for machines')
      .addOption(new Option('--server <url>').hideHelp())
      .hook('preAction', (_parent, self) => refuseServer(self)),
    examples,
  );
}

/** No server could be meant by these, so TRAINYARD_SERVER is not looked at; by others it could, and may be forgotten. */
const OF_THIS_MACHINE: readonly string[] = ['init', 'serve', 'worker', 'ci'];

function refuseServer(command: Command): void {
  const names: string[] = [];
  for (let each: Command | null = command; each?.parent != null; each = each.parent)
    names.unshift(each.name());
  const flags = command.opts<CommonOptions>();
  if (flags.server === undefined) {
    if (OF_THIS_MACHINE.includes(names[0] ?? '') || serverOf(flags, process.env) === null) return;
  }
  throw new UsageError(`\`trainyard ${names.join(' ')}\` works on this machine, not on a server.`, {
    hint:
      flags.server === undefined
        ? 'TRAINYARD_SERVER is set: unset it, or say which project is meant with --project DIR.'
        : 'Leave --server out; on the machine of the server it works as here.',
  });
}

const withExamples = (command: Command, examples: string): Command =>
  command.addHelpText(
    'after',
    `\nExamples:\n${examples
      .trim()
      .split('\n')
      .map((line) => `  ${line.trim()}`)
      .join('\n')}`,
  );

/** The server that a command is for; null: a project on this machine. A flag says more than the environment. */
export function serverOf(flags: CommonOptions, env: Env): string | null {
  if (flags.server !== undefined && flags.project !== undefined)
    throw new UsageError('--server and --project do not go together.', {
      hint: 'A server serves one project: leave --project out.',
    });
  if (flags.server !== undefined) return flags.server;
  if (flags.project !== undefined) return null;
  const named = env['TRAINYARD_SERVER']?.trim() ?? '';
  return named === '' ? null : named;
}

/** How a command finds its answer: in a project here, or on a server. Both are told as the same document. */
interface Answers<H, T> {
  readonly here: (project: Project) => Promise<H>;
  readonly there: (yard: Client) => Promise<T>;
}

/** Asks where the flags say. `mode` is for a project here. */
export async function ask<H, T>(
  flags: CommonOptions & { overrides?: Overrides },
  mode: 'read' | 'write',
  { here, there }: Answers<H, T>,
): Promise<H | T> {
  const server = serverOf(flags, process.env);
  if (server === null) return withProject(flags, mode, here);
  const { onServer } = await import('./on-server.ts');
  return onServer(server, process.env, there);
}

/** Opens the project for one command and closes it whatever happens. */
export async function withProject<T>(
  options: CommonOptions & { overrides?: Overrides },
  mode: 'read' | 'write' | 'serve',
  work: (project: Project) => Promise<T>,
): Promise<T> {
  const project = await openProject({
    folder: options.project,
    mode,
    ...(options.overrides === undefined ? {} : { overrides: options.overrides }),
  });
  try {
    return await work(project);
  } finally {
    await closeProject(project);
  }
}

/** Closes a project that a command worked with, and tells what it leaves to the next one. */
export async function closeProject(project: Project): Promise<void> {
  const left = await project.endBackground();
  if (left !== null && left.waiting + left.dead > 0) note(leftoverLine(left));
  await project.close();
}

function leftoverLine({ waiting, dead, reasons }: Leftover): string {
  const parts = [
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} to be sent`] : []),
    ...(dead > 0 ? [`${dead} could not be delivered`] : []),
  ];
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return `Notifications: ${parts.join(', ')}${why}. See trainyard notify`;
}

export const collect = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value
    .split(',')
    .map((v) => v.trim())
    .filter((v) => v !== ''),
];
/** The same where naming nothing cannot be meant: it is no way to say `all`. */
export const collectNamed = (value: string, before: readonly string[] = []): string[] => {
  const named = collect(value, before);
  if (named.length === 0) throw new InvalidArgumentError('Name at least one, or leave the option out.');
  return named;
};
/** What somebody says goes on record; blanks say nothing. */
export const words = (value: string): string | undefined => (value.trim() === '' ? undefined : value.trim());
/** Each use is one value, commas and all. */
export const collectWhole = (value: string, before: readonly string[] = []): string[] => [...before, value];

export function port(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 0 || n > 65_535)
    throw new InvalidArgumentError('Give a port from 0 to 65535.');
  return n;
}

export function wholeNumber(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return n;
}

export function share(value: string): number {
  const n = value.endsWith('%') ? Number(value.slice(0, -1)) / 100 : Number(value);
  if (!(n >= 0 && n <= 1))
    throw new InvalidArgumentError('Give a share from 0 to 1, for example 0.05 or 5%.');
  return n;
}

export function duration(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === null) throw new InvalidArgumentError('Give a duration such as 30s, 10m or 4h.');
  return seconds;
}

export function positive(value: string): number {
  const n = Number(value);
  if (!(n > 0)) throw new InvalidArgumentError('Give a number above 0.');
  return n;
}
