/**
 * How build agents read what a step prints, written down from their sources and not from ours: azure-pipelines-agent
 * (Command.cs, CommandStringConvertor.cs) and actions/runner (ActionCommand.cs, FileCommandManager.cs).
 */

export interface Command {
  readonly agent: 'azure' | 'github';
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Their comparisons know languages, and pass over what takes no room. */
const seen = (line: string): string =>
  line.replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cf}]|(?![\t\v\f\u0085])\p{Cc}/gu, '');

/** Whatever an agent would take for a command, in any line of a text. */
export const commandsIn = (text: string): Command[] =>
  text.split(/\r\n|\r|\n/).flatMap((line) => [...azure(seen(line)), ...github(seen(line))]);

function azure(line: string): Command[] {
  const start = line.toLowerCase().indexOf('##vso');
  if (start < 0) return [];
  const end = line.indexOf(']', start);
  const [name = '', ...rest] = line.slice(start + '##vso['.length, end).split(' ');
  return [
    {
      agent: 'azure',
      name,
      properties: properties(rest.join(' '), ';', azureText),
      value: end < 0 ? '' : azureText(line.slice(end + 1)),
    },
  ];
}

const azureText = (text: string): string =>
  text
    .replaceAll('%3B', ';')
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%5D', ']')
    .replaceAll('%AZP25', '%');

function github(line: string): Command[] {
  const old = line.indexOf('##[');
  if (old >= 0) return [{ agent: 'github', name: line.slice(old), properties: {}, value: '' }];
  // Everything that .NET calls white space.
  const trimmed = line.replace(/^[\s\u0085]+/, '');
  if (!trimmed.startsWith('::')) return [];
  const end = trimmed.indexOf('::', 2);
  const [name = '', ...rest] = trimmed.slice(2, end < 0 ? undefined : end).split(' ');
  return [
    {
      agent: 'github',
      name,
      properties: properties(rest.join(' '), ',', (text) =>
        githubText(text.replaceAll('%3A', ':').replaceAll('%2C', ',')),
      ),
      value: end < 0 ? '' : githubText(trimmed.slice(end + 2)),
    },
  ];
}

const githubText = (text: string): string =>
  text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');

function properties(
  text: string,
  separator: string,
  unescape: (value: string) => string,
): Record<string, string> {
  const pairs = text
    .split(separator)
    .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const)
    .filter(([key, value]) => key !== '' && value !== '');
  return Object.fromEntries(pairs.map(([key, value]) => [key, unescape(value)]));
}

/** The entries of a file GITHUB_OUTPUT. Throws where the runner would fail the step. */
export function outputsIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const lines = text.split('\n');
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === '') continue;
    const [, name = '', delimiter = ''] = /^([^=]*?)<<(.*)$/.exec(line) ?? [];
    if (name === '' || delimiter === '') throw new Error(`not an entry: ${line}`);
    const end = lines.indexOf(delimiter);
    if (end < 0) throw new Error(`${name} does not end`);
    found[name] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return found;
}
