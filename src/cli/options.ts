import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { openProject } from '../app.ts';
import type { Overrides, Project } from '../app.ts';
import type { Leftover } from '../notify/index.ts';
import { parseDuration } from '../kernel/duration.ts';
import { note } from './render/output.ts';

/** Flags that every command takes. */
export interface CommonOptions {
  readonly project?: string;
  readonly json?: boolean;
}

/** Adds what every command has: --project, --json and examples below its help. */
export function common(command: Command, examples: string): Command {
  return command
    .option('--project <dir>', 'the project folder (default: the nearest one here or above)')
    .option('--json', 'print JSON for machines')
    .addHelpText(
      'after',
      `\nExamples:\n${examples
        .trim()
        .split('\n')
        .map((line) => `  ${line.trim()}`)
        .join('\n')}`,
    );
}

/** Opens the project for one command and closes it whatever happens. */
export async function withProject<T>(
  options: CommonOptions & { overrides?: Overrides },
  mode: 'read' | 'write',
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
