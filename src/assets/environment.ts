import { readdir, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { ConfigError } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import { readHeader } from './asset-header.ts';
import { codeDigest } from './code-files.ts';
import { contentDigest, plainContent } from './content.ts';
import type { Environment } from './types.ts';
import { isMapping, openDocument, throwProblems } from './yaml-document.ts';
import type { Mapping, Path, YamlDocument } from './yaml-document.ts';

const KEYS = [
  ...[
    '$schema',
    'name',
    'version',
    'description',
    'tags',
    'properties',
    'image',
    'conda_file',
    'build',
    'os_type',
  ],
  'inference_config',
];

/**
 * Reads an environment file (Azure ML CLI v2).
 * @throws ConfigError with all findings of the file and its conda file
 */
export async function loadEnvironment(file: string): Promise<Environment> {
  const doc = await openDocument(file);
  const header = readHeader(doc);
  doc.checkKeys([], doc.root, KEYS);
  const { content, conda, buildDigest } = await readEnvironmentContent(doc, [], doc.root);
  throwProblems([doc]);
  const whole = { ...content, version: header.version };
  return {
    name: header.name,
    version: header.version,
    digest: contentDigest(buildDigest === null ? whole : { content: whole, build: buildDigest }),
    file,
    image: doc.text(['image'], doc.root['image']),
    conda: conda === null ? null : plainContent(conda),
    content: plainContent(whole),
    ...(header.warnings.length > 0 ? { warnings: header.warnings } : {}),
  };
}

/**
 * Reads all environment files that match, sorted by path; none is fine.
 * @throws ConfigError with the findings of all files, or where two of them define the same version
 */
export async function loadEnvironments(root: string, globPattern: string): Promise<readonly Environment[]> {
  const problems: Problem[] = [];
  const environments: Environment[] = [];
  for (const file of await matchingFiles(root, globPattern)) {
    try {
      environments.push(await loadEnvironment(file));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const seen = new Map<string, Environment>();
  for (const environment of environments) {
    const id = `${environment.name}:${environment.version}`;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, environment);
    else {
      problems.push({
        ...{ file: environment.file, line: null, column: null, path: 'version' },
        message: `${id} is already defined in ${first.file}`,
        hint: 'Give one of them another name or version.',
      });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return environments;
}

/** The part of an environment that an inline one has too: image, conda and build, with the conda file put in. */
export async function readEnvironmentContent(
  doc: YamlDocument,
  path: Path,
  value: Mapping,
): Promise<{
  readonly content: Mapping;
  readonly conda: Mapping | null;
  readonly buildDigest: string | null;
}> {
  const image = doc.text([...path, 'image'], value['image']);
  const build = value['build'] === undefined ? null : doc.mapping([...path, 'build'], value['build']);
  const conda = await readConda(doc, [...path, 'conda_file'], value['conda_file']);
  if (image !== null && build !== null) {
    doc.problem([...path, 'build'], 'an environment has either image or build', 'Remove one of the two.');
  }
  if (image === null && build === null && value['conda_file'] === undefined && value['image'] === undefined) {
    doc.problem(path, 'nothing says what the environment consists of', 'Add image, conda_file or build.');
  }
  const content = conda === null ? value : { ...value, conda_file: conda };
  return {
    content,
    conda,
    buildDigest: build === null ? null : await readBuild(doc, [...path, 'build'], build),
  };
}

async function readConda(doc: YamlDocument, path: Path, value: unknown): Promise<Mapping | null> {
  if (value === undefined || value === null) return null;
  if (isMapping(value)) return value;
  const file = doc.text(path, value);
  if (file === null) return null;
  try {
    return (await openDocument(resolve(doc.folder, file))).root;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { line, message, hint } of error.problems) {
      doc.problem(
        path,
        `the conda file ${file}${line === null ? '' : `, line ${line}`}: ${message}`,
        hint ?? undefined,
      );
    }
    return null;
  }
}

/** A digest over the build context, so that an edited Dockerfile counts as a change. */
async function readBuild(doc: YamlDocument, path: Path, build: Mapping): Promise<string | null> {
  doc.checkKeys(path, build, ['path', 'dockerfile_path']);
  doc.text([...path, 'dockerfile_path'], build['dockerfile_path']);
  const folder = doc.text([...path, 'path'], build['path']);
  if (folder === null) {
    if (build['path'] === undefined)
      doc.problem([...path, 'path'], 'path is missing', 'Add path: <folder of the Dockerfile>.');
    return null;
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(folder)) return null;
  const full = resolve(doc.folder, folder);
  if ((await stat(full).catch(() => null))?.isDirectory() !== true) {
    doc.problem(
      [...path, 'path'],
      `the folder ${folder} does not exist`,
      `Paths are relative to ${doc.file}.`,
    );
    return null;
  }
  return codeDigest(full);
}

async function matchingFiles(root: string, globPattern: string): Promise<string[]> {
  const base = resolve(root, picomatch.scan(globPattern).base);
  const matches = picomatch(globPattern.replace(/^\.\//, ''));
  const toPosix = (path: string): string => relative(root, path).split(sep).join('/');
  if ((await stat(base).catch(() => null))?.isFile() === true) return [base];
  const entries = await readdir(base, { withFileTypes: true, recursive: globPattern.includes('**') }).catch(
    () => [],
  );
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => resolve(entry.parentPath, entry.name))
    .filter((path) => matches(toPosix(path)))
    .toSorted();
}
