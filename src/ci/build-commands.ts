/** Commands to a build, one line each: the only lines we print that an agent may take for one. */
import { defuse } from './defuse.ts';

/** A warning or an error that the build shows beside its log. */
export interface Issue {
  readonly kind: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** The agents keep so many issues of a kind per step, and drop what comes after without a word. */
const MOST_ISSUES = 10;
/** A message is for a list of one line each; the page says the rest. */
const MOST_CHARACTERS = 1000;

/** A logging command of Azure DevOps: `##vso[task.setvariable variable=a;isOutput=true]value`. */
export function azureCommand(
  name: string,
  properties: Readonly<Record<string, string>> = {},
  value = '',
): string {
  const told = Object.entries(properties).map(([key, text]) => `${key}=${azureProperty(text)}`);
  return `##vso[${name}${told.length === 0 ? '' : ` ${told.join(';')}`}]${azureValue(value)}`;
}

const azureValue = (text: string): string =>
  text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const azureProperty = (text: string): string =>
  azureValue(text).replaceAll(';', '%3B').replaceAll(']', '%5D');

/** A workflow command of GitHub: `::error title=a::message`. */
export function githubCommand(
  name: string,
  properties: Readonly<Record<string, string>> = {},
  value = '',
): string {
  const told = Object.entries(properties).map(([key, text]) => `${key}=${githubProperty(text)}`);
  return `::${name}${told.length === 0 ? '' : ` ${told.join(',')}`}::${githubValue(value)}`;
}

const githubValue = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const githubProperty = (text: string): string =>
  githubValue(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

export const azureIssue = ({ kind, title, message }: Issue): string =>
  azureCommand('task.logissue', { type: kind }, oneLine(`${title}: ${message}`));

export const githubIssue = ({ kind, title, message }: Issue): string =>
  githubCommand(kind, { title: oneLine(title) }, oneLine(message));

/** An entry of the file GITHUB_OUTPUT. Nobody who wrote the value can know the delimiter, which is a random one. */
export const githubOutput = (name: string, value: string, delimiter: string): string =>
  `${name}<<${delimiter}\n${value}\n${delimiter}\n`;

/**
 * The issues that a step may still show, of which `shown` were shown before: the last one that fits says how many there
 * are besides.
 */
export function fewIssues(
  issues: readonly Issue[],
  shown: Readonly<Record<Issue['kind'], number>> = { error: 0, warning: 0 },
): Issue[] {
  return (['error', 'warning'] as const).flatMap((kind) => {
    const all = issues.filter((issue) => issue.kind === kind);
    const room = MOST_ISSUES - shown[kind];
    if (all.length <= room) return all;
    if (room <= 0) return [];
    const left = all.length - room + 1;
    return [
      ...all.slice(0, room - 1),
      { kind, title: `${left} more`, message: `The summary of this step lists all ${all.length}.` },
    ];
  });
}

/** Control characters and line breaks have no place in a list, and whoever prints it again is to find no command in it. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const line = defuse(text.replaceAll(/[\s\u0000-\u001F\u007F-\u009F]+/g, ' ').trim());
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1)}…`;
}
