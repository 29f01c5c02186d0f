import { ConfigError } from '../kernel/errors.ts';
import { CLOUD_KEYS, cloudKeys, componentType, readCommandComponent } from './command-component.ts';
import { COMMAND_KEYS, readCommand, readEnvironment, readVariables } from './command-spec.ts';
import type { CommandRead, LoadSession } from './command-spec.ts';
import { checkBindings } from './job-bindings.ts';
import { inputOfValue } from './io-specs.ts';
import type { IoSpecs } from './io-specs.ts';
import { readJobInputs, readJobOutputs } from './job-values.ts';
import { absolutePath, contentPath, isRemote } from './paths.ts';
import { readBinding } from './placeholders.ts';
import type { InputSpec, OutputSpec, PipelineJob } from './types.ts';
import { isMapping, kindOf, openDocument, own } from './yaml-document.ts';
import type { Mapping, Path, YamlDocument } from './yaml-document.ts';

export interface JobsRead {
  readonly jobs: readonly PipelineJob[];
  /** The mapping of jobs with the component files put in. */
  readonly content: Mapping;
  readonly cloud_only: readonly string[];
  readonly digests: readonly string[];
  readonly warnings: readonly string[];
}

const JOB_KEYS = [
  ...[
    '$schema',
    'type',
    'component',
    'inputs',
    'outputs',
    'name',
    'display_name',
    'description',
    'tags',
    'properties',
  ],
  ...['is_deterministic', ...COMMAND_KEYS, ...CLOUD_KEYS],
];

/** Reads the jobs of a pipeline component, in the order they are written. Problems go to the documents. */
export async function readJobs(
  doc: YamlDocument,
  value: unknown,
  io: IoSpecs,
  session: LoadSession,
): Promise<JobsRead> {
  const entries = Object.entries(doc.mapping(['jobs'], value));
  if (entries.length === 0)
    doc.problem(['jobs'], 'the pipeline has no jobs', 'Add jobs: with at least one job.');
  const read: (JobRead & { readonly name: string })[] = [];
  for (const [name, node] of entries) {
    const path = ['jobs', name];
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      doc.problem(
        path,
        `the name ${JSON.stringify(name)} cannot be used`,
        'Use letters, digits and underscores.',
      );
    }
    read.push({ name, ...(await readJob(doc, path, name, doc.mapping(path, node), io, session)) });
  }
  const jobs = typeInlineInputs(read, io);
  checkBindings(doc, jobs, io, new Set(read.filter((job) => job.inline).map((job) => job.name)));
  return {
    jobs,
    content: Object.fromEntries(read.map((job) => [job.name, job.content])),
    cloud_only: read.flatMap((job) => job.cloud_only),
    digests: read.flatMap((job) => job.digests),
    warnings: read.flatMap((job) => job.warnings),
  };
}

interface JobRead {
  readonly job: PipelineJob;
  readonly inline: boolean;
  readonly content: Mapping;
  readonly cloud_only: readonly string[];
  readonly digests: readonly string[];
  readonly warnings: readonly string[];
}

async function readJob(
  doc: YamlDocument,
  path: Path,
  name: string,
  node: Mapping,
  io: IoSpecs,
  session: LoadSession,
): Promise<JobRead> {
  const type = node['type'];
  if (type !== undefined && type !== 'command') {
    doc.problem(
      [...path, 'type'],
      `jobs of type ${typeof type === 'string' ? type : kindOf(type)} are not supported`,
      'Write type: command.',
    );
  }
  doc.checkKeys(path, node, JOB_KEYS);
  const inputs = readJobInputs(doc, [...path, 'inputs'], node['inputs']);
  const bound = readJobOutputs(doc, [...path, 'outputs'], node['outputs'], io);
  const inline = node['component'] === undefined || node['component'] === null;
  const { read, component, warnings } = inline
    ? { ...(await readInline(doc, path, node, bound.specs, session)), component: undefined, warnings: [] }
    : await readReferred(doc, path, node, session);
  const environment = inline
    ? null
    : await readEnvironment(doc, [...path, 'environment'], node['environment']);
  const variables = readVariables(
    doc,
    [...path, 'environment_variables'],
    inline ? null : node['environment_variables'],
  );
  const spec = {
    ...read.spec,
    environment: environment?.reference ?? read.spec.environment,
    environment_variables: { ...read.spec.environment_variables, ...variables },
  };
  const environmentContent = environment?.content === undefined ? {} : { environment: environment.content };
  const inlineEnvironment = environment?.inline === true ? [[...path, 'environment'].join('.')] : [];
  return {
    job: { name, spec, inputs, outputs: bound.outputs },
    inline,
    content: inline ? read.content : { ...node, ...environmentContent, component },
    cloud_only: [...cloudKeys(node, path), ...read.cloud_only, ...bound.cloud_only, ...inlineEnvironment],
    digests: [...read.digests, ...(environment?.digests ?? [])],
    warnings,
  };
}

/** A job that brings its command itself: what its inputs are follows from their values. */
async function readInline(
  doc: YamlDocument,
  path: Path,
  node: Mapping,
  outputs: Readonly<Record<string, OutputSpec>>,
  session: LoadSession,
): Promise<{ readonly read: CommandRead }> {
  const values = Object.entries(doc.mapping([...path, 'inputs'], node['inputs']));
  const inputs = Object.fromEntries(
    values.map(([name, v]) => [name, inputOfValue(doc, [...path, 'inputs', name], v)]),
  );
  return { read: await readCommand(doc, path, node, { inputs, outputs }, session) };
}

interface ReferredRead {
  readonly read: CommandRead;
  /** What stands in the content instead of the reference. */
  readonly component: unknown;
  readonly warnings: readonly string[];
}

async function readReferred(
  doc: YamlDocument,
  path: Path,
  node: Mapping,
  session: LoadSession,
): Promise<ReferredRead> {
  for (const key of ['command', 'code']) {
    if (node[key] !== undefined)
      doc.problem([...path, key], `${key} and component exclude each other`, 'Remove one of the two.');
  }
  const here = [...path, 'component'];
  const value = node['component'];
  if (isMapping(value)) {
    const read = await readCommandComponent(doc, here, value, session);
    const { retry, ...component } = read.content;
    const cloudOnly = read.cloud_only.map((key) => key.replace('.component.', '.'));
    return {
      read: { ...read, cloud_only: cloudOnly },
      component,
      warnings: retryWarning(retry, here.join('.'), doc),
    };
  }
  const text = doc.text(here, value);
  if (text === null) return EMPTY;
  if (isRemote(text)) {
    doc.problem(
      here,
      `${text} is not a file`,
      'Write the path of the component file, for example ./train.yaml.',
    );
    return EMPTY;
  }
  try {
    return await readComponentFile(doc, path, absolutePath(doc.folder, text), session);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const p of error.problems) doc.problem(here, `${text}: ${p.message}`, p.hint ?? undefined);
    return EMPTY;
  }
}

async function readComponentFile(
  doc: YamlDocument,
  path: Path,
  file: string,
  session: LoadSession,
): Promise<ReferredRead> {
  const other = session.open(await openDocument(file));
  if (componentType(other) === 'pipeline') {
    other.problem(
      ['type'],
      'a pipeline inside a pipeline is not supported',
      'Name command components, one per job.',
    );
    return EMPTY;
  }
  const read = await readCommandComponent(other, [], other.root, session);
  const { retry, ...component } = read.content;
  const code = read.spec.code === null ? {} : { code: contentPath(doc.folder, read.spec.code.folder) };
  return {
    read: { ...read, cloud_only: read.cloud_only.map((key) => [...path, key].join('.')) },
    component: { ...component, ...code },
    warnings: retryWarning(retry, file, doc),
  };
}

const retryWarning = (retry: unknown, where: string, doc: YamlDocument): readonly string[] =>
  retry === undefined
    ? []
    : [`${where}: retry does not apply inside a pipeline; write it at the top of ${doc.file}.`];

const EMPTY: ReferredRead = {
  read: {
    spec: { command: '', code: null, environment: null, inputs: {}, outputs: {}, environment_variables: {} },
    cloud_only: [],
    content: {},
    digests: [],
  },
  component: null,
  warnings: [],
};

/** Inputs of inline jobs take the type of what they are bound to, and are optional where that is. */
function typeInlineInputs(read: readonly JobRead[], io: IoSpecs): readonly PipelineJob[] {
  return read.map(({ job, inline }) => {
    if (!inline) return job;
    const inputs = Object.entries(job.spec.inputs).map(([name, spec]): [string, InputSpec] => {
      const binding = readBinding(job.inputs[name] ?? '');
      if (binding === null) return [name, spec];
      if (binding.kind === 'job_output') {
        const source = read.find((r) => r.job.name === binding.job)?.job.spec.outputs;
        return [name, { ...spec, type: own(source ?? {}, binding.output)?.type ?? spec.type }];
      }
      const parent = own(io.inputs, binding.input);
      const optional = parent !== undefined && parent.optional && parent.default === null;
      return [name, parent === undefined ? spec : { ...parent, optional, default: null }];
    });
    return { ...job, spec: { ...job.spec, inputs: Object.fromEntries(inputs) } };
  });
}
