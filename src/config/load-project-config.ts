import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type Problem, UsageError, systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';
import { type Finding, isMap, kindOf, toFindings, toProblem } from '../kernel/findings.ts';
import { secretNames } from '../kernel/redact.ts';
import { WholeFloat, parseYaml, positions } from '../kernel/yaml.ts';
import { readEnvironment } from './environment-variables.ts';
import { ProjectFile } from './project-schema.ts';
import { strangeGates } from './triggered-run-schema.ts';

/** Everything in trainyard.yaml, with defaults; durations are seconds (`_s`), shares are fractions. */
export type ProjectConfig = z.output<typeof ProjectFile> & {
  /** The selection that CI hands over in `manualCircuits`; null where it does not. */
  readonly manual_circuits: string | null;
};

/** Environment variables that settings name as secrets: keys of channels, of hooks and of sign-in. */
export const secretVariables = ({ notifications, hooks, server }: ProjectConfig): string[] =>
  secretNames(JSON.stringify([notifications, hooks, server]));

const FILE = 'trainyard.yaml';

/**
 * Settings of the project in a folder: trainyard.yaml where there is one, over it the environment, below it the defaults.
 * @throws {ConfigError} with everything that is wrong in the file and in the environment
 */
export async function loadProjectConfig(
  projectFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ProjectConfig> {
  return parseProjectConfig(await readProjectFile(projectFolder), env);
}

/** The same for a text. */
export function parseProjectConfig(
  source: string,
  env: Readonly<Record<string, string | undefined>>,
): ProjectConfig {
  const document = parseYaml(source, FILE) ?? {};
  if (!isMap(document)) {
    const message = `the file must be a map of settings, is ${kindOf(document)}`;
    throw new ConfigError([
      {
        file: FILE,
        line: 1,
        column: 1,
        path: '',
        message,
        hint: 'Write key: value pairs, for example `provider: local`.',
      },
    ]);
  }
  const { overrides, problems } = readEnvironment(env);
  const settings = toSettings(document);
  keepEmpty(settings, document, 'retention');
  let manualCircuits: string | null = null;
  for (const { path, value } of overrides) {
    if (path[0] === 'manual_circuits') manualCircuits = String(value);
    else if (!hasChannelOf(settings, path, value)) put(settings, path, value);
  }
  const parsed = ProjectFile.safeParse(settings, { reportInput: true });
  const findings = parsed.success
    ? [
        ...strangeGates('schedules', parsed.data.schedules, Object.keys(parsed.data.gates)),
        ...strangeGates('hooks', parsed.data.hooks, Object.keys(parsed.data.gates)),
      ]
    : toFindings(ProjectFile, parsed.error.issues);
  problems.unshift(...located(source, findings));
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return { ...parsed.data, manual_circuits: manualCircuits };
}

async function readProjectFile(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, FILE), 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(`read ${join(folder, FILE)}`, error);
  }
  const misnamed = join(folder, 'trainyard.yml');
  const exists = await access(misnamed).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new UsageError(`${misnamed} is not read: the file must be named ${FILE}.`, {
      hint: `Rename it to ${FILE}.`,
    });
  return '';
}

/** A copy in plain JSON terms: a key without a value counts as absent, and `1.0` is a number like any other. */
function toSettings(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(map).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]));
}

/** What shall be kept must not go because somebody left the line empty: there it means what `never` means. */
function keepEmpty(
  settings: Record<string, unknown>,
  document: Readonly<Record<string, unknown>>,
  section: string,
): void {
  const written = document[section];
  if (!isMap(written)) return;
  const empty = Object.keys(written).filter((key) => written[key] === null);
  settings[section] = { ...toSettings(written), ...Object.fromEntries(empty.map((key) => [key, null])) };
}

function plain(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return isMap(value) ? toSettings(value) : value;
}

/** A channel of the file that reads the same variable is that channel, under a name of its own: nobody is told twice. */
function hasChannelOf(settings: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  const { notifications } = settings;
  if (path[1] !== 'channels' || !isMap(notifications) || !isMap(notifications['channels'])) return false;
  const wanted = isMap(value) ? value['url'] : undefined;
  return (
    wanted !== undefined &&
    Object.values(notifications['channels']).some((channel) => isMap(channel) && channel['url'] === wanted)
  );
}

/** Sets a value deep inside; where something else than a map stands in the way, validation tells. */
function put(
  settings: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    settings[key] = value;
    return;
  }
  const inner = settings[key] ?? {};
  if (!isMap(inner)) return;
  settings[key] = inner;
  put(inner, rest, value);
}

function located(source: string, findings: readonly Finding[]): Problem[] {
  const places = positions(
    source,
    findings.map((finding) => finding.path),
  );
  return findings
    .map((finding, i) => toProblem(finding, FILE, places[i] ?? null))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
