import { Option } from 'commander';
import type { Command } from 'commander';
import type { Project } from '../app.ts';
import { secretVariables } from '../config/index.ts';
import { LOG_FORMATS, LOG_LEVELS, openLog } from '../kernel/log.ts';
import type { Log, LogFormat, LogLevel } from '../kernel/log.ts';
import { redactor } from '../kernel/redact.ts';
import { harmless, harmlessJson } from './render/output.ts';

/** Flags of commands that stay and tell what they do. */
export interface LogFlags {
  readonly logFormat?: LogFormat;
  readonly logLevel?: LogLevel;
}

export const logFlags = (command: Command, unless_told: string): Command =>
  command
    .addOption(
      new Option(
        '--log-format <format>',
        `lines for people or for machines (default: ${unless_told})`,
      ).choices(LOG_FORMATS),
    )
    .addOption(
      new Option(
        '--log-level <level>',
        'how much is told (default: monitoring.log_level of trainyard.yaml)',
      ).choices(LOG_LEVELS),
    );

/** The log of this process, on standard error. Values of secrets that the settings name never stand in it. */
export function logTo(project: Project, { logFormat, logLevel }: LogFlags): Promise<Log> {
  const format = logFormat ?? (process.stderr.isTTY ? 'text' : 'json');
  const clean = secretCleaner(project);
  const shown = format === 'text' ? harmless : harmlessJson;
  return openLog({
    format,
    level: logLevel ?? project.config.monitoring.log_level,
    write: (line) => void process.stderr.write(`${shown(line.trimEnd())}\n`),
    clean,
  });
}

/** Settings may change while a process runs, and name other secrets then. */
function secretCleaner(project: Project): (line: string) => string {
  let known_as: unknown = null;
  let clean = (line: string): string => line;
  return (line) => {
    const { settings, env } = project;
    if (known_as !== settings) {
      known_as = settings;
      const values = secretVariables(settings).flatMap((name) => env[name] ?? []);
      // In JSON they are written with its escapes.
      clean = redactor([...values, ...values.map((value) => JSON.stringify(value).slice(1, -1))]);
    }
    return clean(line);
  };
}
