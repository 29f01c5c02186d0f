import { parseDuration } from '../kernel/duration.ts';
import { readHeader } from './asset-header.ts';
import type { AssetHeader } from './asset-header.ts';
import {
  CLOUD_KEYS,
  COMPONENT_KEYS,
  cloudKeys,
  componentType,
  readCommandComponent,
} from './command-component.ts';
import { LoadSession } from './command-spec.ts';
import { contentDigest, plainContent } from './content.ts';
import { readInputs, readOutputs } from './io-specs.ts';
import type { IoSpecs } from './io-specs.ts';
import { readJobs } from './pipeline-jobs.ts';
import type { Component } from './types.ts';
import { openDocument, throwProblems } from './yaml-document.ts';
import type { Mapping, YamlDocument } from './yaml-document.ts';

/**
 * Reads a component file (Azure ML CLI v2, `type: command` or `type: pipeline`) with everything it points at: code
 * folders, component files of its jobs, environment files.
 * @throws ConfigError with all findings of all these files
 */
export async function loadComponent(file: string): Promise<Component> {
  const session = new LoadSession();
  const doc = session.open(await openDocument(file));
  const header = readHeader(doc);
  const retry = readRetry(doc, doc.root['retry']);
  const base = { name: header.name, version: header.version, file, retry };
  if (componentType(doc) === 'pipeline') {
    doc.checkKeys([], doc.root, [...COMPONENT_KEYS, 'jobs', ...CLOUD_KEYS]);
    const io = readIo(doc);
    const jobs = await readJobs(doc, doc.root['jobs'], io, session);
    throwProblems(session.documents);
    const content = { ...doc.root, jobs: jobs.content };
    const cloudOnly = [...cloudKeys(doc.root, []), ...io.cloud_only, ...jobs.cloud_only];
    return {
      ...base,
      type: 'pipeline',
      inputs: io.inputs,
      outputs: io.outputs,
      jobs: jobs.jobs,
      ...tail(header, content, cloudOnly, jobs),
    };
  }
  const read = await readCommandComponent(doc, [], doc.root, session);
  throwProblems(session.documents);
  const { inputs, outputs } = read.spec;
  return {
    ...base,
    type: 'command',
    inputs,
    outputs,
    spec: read.spec,
    ...tail(header, read.content, read.cloud_only, { ...read, warnings: [] }),
  };
}

function readIo(doc: YamlDocument): IoSpecs & { readonly cloud_only: readonly string[] } {
  return {
    inputs: readInputs(doc, ['inputs'], doc.root['inputs']),
    ...readOutputs(doc, ['outputs'], doc.root['outputs']),
  };
}

function tail(
  header: AssetHeader,
  content: Mapping,
  cloudOnly: readonly string[],
  parts: { readonly digests: readonly string[]; readonly warnings: readonly string[] },
): Pick<Component, 'digest' | 'cloud_only' | 'content' | 'warnings'> {
  const { retry: _stripped, ...rest } = content;
  const whole = { ...rest, version: header.version };
  const warnings = [...header.warnings, ...parts.warnings];
  return {
    digest: contentDigest({ content: whole, code: parts.digests }),
    cloud_only: [...new Set(cloudOnly)],
    content: plainContent(whole),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

function readRetry(doc: YamlDocument, value: unknown): Component['retry'] {
  if (value === undefined || value === null) return null;
  const retry = doc.mapping(['retry'], value);
  doc.checkKeys(['retry'], retry, ['max_retries', 'timeout']);
  const most = retry['max_retries'] ?? 0;
  if (typeof most !== 'number' || !Number.isInteger(most) || most < 0) {
    doc.problem(
      ['retry', 'max_retries'],
      'must be a whole number from 0 on',
      'Two retries are three attempts: max_retries: 2.',
    );
  }
  const timeout = retry['timeout'] ?? null;
  const seconds =
    typeof timeout === 'number' ? timeout : typeof timeout === 'string' ? parseDuration(timeout) : null;
  if (timeout !== null && (seconds === null || seconds <= 0)) {
    doc.problem(
      ['retry', 'timeout'],
      'must be a time above 0',
      'Write seconds or a duration: 3600, 90m, 4h.',
    );
  }
  return { max_retries: typeof most === 'number' ? most : 0, timeout_s: seconds };
}
