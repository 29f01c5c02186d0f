import { stat } from 'node:fs/promises';
import { ConfigError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { commandProblems } from './bind-command.ts';
import { codeDigest } from './code-files.ts';
import { loadEnvironment, readEnvironmentContent } from './environment.ts';
import type { IoSpecs } from './io-specs.ts';
import { literalText } from './literal.ts';
import { absolutePath, isRemote } from './paths.ts';
import { parseTemplate, referencesOf } from './placeholders.ts';
import type { CommandSpec, InputSpec, OutputSpec } from './types.ts';
import { isMapping, kindOf, own } from './yaml-document.ts';
import type { Mapping, Path, YamlDocument } from './yaml-document.ts';

/** Keys of a command that a single machine honours or may leave aside without changing what runs. */
export const COMMAND_KEYS = ['command', 'code', 'environment', 'environment_variables'];

/** What one load of a component shares: every document opened, and digests of code folders seen. */
export class LoadSession {
  readonly documents: YamlDocument[] = [];
  readonly #codeDigests = new Map<string, Promise<string>>();

  open(doc: YamlDocument): YamlDocument {
    this.documents.push(doc);
    return doc;
  }

  codeDigest(folder: string): Promise<string> {
    const digest = this.#codeDigests.get(folder) ?? codeDigest(folder);
    this.#codeDigests.set(folder, digest);
    return digest;
  }
}

export interface CommandRead {
  readonly spec: CommandSpec;
  /** Keys (full paths) that were understood but mean nothing on a single machine. */
  readonly cloud_only: readonly string[];
  /** The mapping with inline environments completed and references to files resolved. */
  readonly content: Mapping;
  /** What else belongs in the digest. */
  readonly digests: readonly string[];
}

/** Reads the part of a component or inline job that says what runs. Problems go to the document. */
export async function readCommand(
  doc: YamlDocument,
  path: Path,
  value: Mapping,
  io: IoSpecs,
  session: LoadSession,
): Promise<CommandRead> {
  const command = doc.text([...path, 'command'], value['command']);
  if (command === null && (value['command'] === undefined || value['command'] === null)) {
    doc.problem([...path, 'command'], 'command is missing', 'Add command: python train.py …');
  } else if (command !== null) checkCommand(doc, [...path, 'command'], command, io);
  const code = await readCode(doc, [...path, 'code'], value['code'], session);
  const environment = await readEnvironment(doc, [...path, 'environment'], value['environment']);
  return {
    spec: {
      command: command ?? '',
      code,
      environment: environment.reference,
      inputs: io.inputs,
      outputs: io.outputs,
      environment_variables: readVariables(
        doc,
        [...path, 'environment_variables'],
        value['environment_variables'],
      ),
    },
    cloud_only: environment.inline ? [[...path, 'environment'].join('.')] : [],
    content: environment.content === undefined ? value : { ...value, environment: environment.content },
    digests: [...(code === null ? [] : [code.digest]), ...environment.digests],
  };
}

/** The folder `code:` names, relative to the file that says so, with the digest of what lies in it. */
export async function readCode(
  doc: YamlDocument,
  path: Path,
  value: unknown,
  session: LoadSession,
): Promise<CommandSpec['code']> {
  const text = doc.text(path, value);
  if (text === null) return null;
  if (isRemote(text)) {
    doc.problem(path, `code must be a folder, is ${text}`, 'Check the code out and name its folder.');
    return null;
  }
  const folder = absolutePath(doc.folder, text);
  const info = await stat(folder).catch(() => null);
  if (info === null) {
    doc.problem(
      path,
      `the folder ${text} does not exist`,
      `Paths are relative to the file: this one means ${folder}.`,
    );
    return null;
  }
  if (!info.isDirectory()) {
    doc.problem(path, `code must be a folder, ${text} is a file`, 'Name the folder that holds the file.');
    return null;
  }
  try {
    return { folder, digest: await session.codeDigest(folder) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const p of error.problems) doc.problem(path, p.message, p.hint ?? undefined);
    return null;
  }
}

interface EnvironmentRead {
  readonly reference: string | null;
  readonly inline: boolean;
  readonly content: unknown;
  readonly digests: readonly string[];
}

/** A reference stays as written; a file becomes the reference to what it defines; an inline one has no name to refer to. */
export async function readEnvironment(
  doc: YamlDocument,
  path: Path,
  value: unknown,
): Promise<EnvironmentRead> {
  const none: EnvironmentRead = { reference: null, inline: false, content: undefined, digests: [] };
  if (value === undefined || value === null) return none;
  if (isMapping(value)) {
    const { content, buildDigest } = await readEnvironmentContent(doc, path, value);
    return { reference: null, inline: true, content, digests: buildDigest === null ? [] : [buildDigest] };
  }
  const text = doc.text(path, value);
  if (text === null) return none;
  if (/^azureml:\/\//.test(text) || /^azureml:[^:@\s]+(?::[^:\s]+|@latest)$/.test(text))
    return { ...none, reference: text };
  if (isRemote(text) || !/\.ya?ml$/.test(text)) {
    doc.problem(
      path,
      `${JSON.stringify(text)} names no environment`,
      'Write azureml:<name>:<version>, azureml:<name>@latest or the path of an environment file.',
    );
    return none;
  }
  try {
    const environment = await loadEnvironment(absolutePath(doc.folder, text));
    const reference = `azureml:${environment.name}:${environment.version}`;
    return { ...none, reference, content: reference };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const p of error.problems) doc.problem(path, `${text}: ${p.message}`, p.hint ?? undefined);
    return none;
  }
}

export function readVariables(
  doc: YamlDocument,
  path: Path,
  value: unknown,
): Readonly<Record<string, string>> {
  const entries = Object.entries(doc.mapping(path, value)).map(([name, item]): [string, string] => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      doc.problem(
        [...path, name],
        `${JSON.stringify(name)} cannot name an environment variable`,
        'Use letters, digits and underscores.',
      );
    }
    const text = literalText(item);
    if (text === null) doc.problem([...path, name], `must be a single value, is ${kindOf(item)}`);
    return [name, text ?? ''];
  });
  return Object.fromEntries(entries);
}

function checkCommand(doc: YamlDocument, path: Path, command: string, io: IoSpecs): void {
  if (command.trim() === '')
    doc.problem(path, 'the command is empty', 'Write what is to run, for example python train.py.');
  const { parts, problems } = parseTemplate(command);
  for (const message of problems) doc.problem(path, message);
  for (const { reference, optional } of referencesOf(parts)) {
    const declared: Readonly<Record<string, InputSpec | OutputSpec>> = io[reference.group];
    const spec = own(declared, reference.name);
    const source = `\${{${reference.group}.${reference.name}}}`;
    if (spec === undefined) {
      const hint =
        didYouMean(reference.name, Object.keys(declared)) ??
        `Declare ${reference.name} under ${reference.group}.`;
      doc.problem(path, `${source} is not among the ${reference.group}`, hint);
    } else if (!optional && 'optional' in spec && spec.optional && spec.default === null) {
      doc.problem(
        path,
        `${source} may be without a value`,
        `Put it in an optional part: $[[--${reference.name} ${source}]]`,
      );
    }
  }
  if (problems.length === 0)
    for (const { message, hint } of commandProblems(command)) doc.problem(path, message, hint);
}
