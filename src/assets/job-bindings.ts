import { didYouMean } from '../kernel/suggest.ts';
import { isAssetType } from './io-specs.ts';
import type { IoSpecs } from './io-specs.ts';
import { checkLiteral } from './literal.ts';
import { bindingsIn, parseTemplate, readBinding, readOutputBinding, referencesOf } from './placeholders.ts';
import type { Binding } from './placeholders.ts';
import type { InputSpec, PipelineJob } from './types.ts';
import { own } from './yaml-document.ts';
import type { Path, YamlDocument } from './yaml-document.ts';

/**
 * Checks how the jobs of a pipeline hang together: every name exists, every required input is bound, nothing goes in
 * circles. `inline` names the jobs that bring their command themselves.
 */
export function checkBindings(
  doc: YamlDocument,
  jobs: readonly PipelineJob[],
  io: IoSpecs,
  inline: ReadonlySet<string>,
): void {
  for (const job of jobs) {
    // What could not be read has no inputs; complaining about them would only hide the cause.
    if (job.spec.command === '') continue;
    checkInputs(doc, job, jobs, io);
    if (inline.has(job.name)) checkOptionalParts(doc, job);
  }
  checkOutputs(doc, jobs, io);
  const cycle = findCycle(jobs);
  if (cycle !== null) {
    doc.problem(
      ['jobs', cycle[0] ?? ''],
      `the jobs wait for each other: ${cycle.join(' -> ')}`,
      'Remove one of these bindings.',
    );
  }
}

/** Names of the jobs that a job needs outputs of. */
export const neededJobs = (job: PipelineJob): readonly string[] => [
  ...new Set(
    Object.values(job.inputs).flatMap((text) =>
      bindingsIn(text).flatMap(({ binding }) => (binding?.kind === 'job_output' ? [binding.job] : [])),
    ),
  ),
];

function checkInputs(doc: YamlDocument, job: PipelineJob, jobs: readonly PipelineJob[], io: IoSpecs): void {
  for (const [name, text] of Object.entries(job.inputs)) {
    const path = ['jobs', job.name, 'inputs', name];
    const spec = own(job.spec.inputs, name);
    if (spec === undefined) {
      const known = Object.keys(job.spec.inputs);
      doc.problem(
        path,
        `${job.name} has no input ${name}`,
        didYouMean(name, known) ?? `It has: ${known.join(', ') || 'none'}.`,
      );
      continue;
    }
    const whole = readBinding(text);
    for (const { source, binding } of bindingsIn(text)) checkBinding(doc, path, source, binding, jobs, io);
    if (whole !== null) checkRequired(doc, path, name, spec, whole, io);
    else if (bindingsIn(text).length === 0) {
      const checked = isAssetType(spec.type) ? { value: text } : checkLiteral(spec, text);
      if ('problem' in checked) doc.problem(path, checked.problem);
    } else if (
      isAssetType(spec.type) ||
      bindingsIn(text).some(({ binding }) => !isLiteralInput(binding, io))
    ) {
      doc.problem(path, 'data cannot be part of a longer text', 'Bind the input to one placeholder alone.');
    }
  }
  for (const [name, spec] of Object.entries(job.spec.inputs)) {
    if (own(job.inputs, name) !== undefined || spec.optional || spec.default !== null) continue;
    if (doc.hasProblem(['jobs', job.name, 'inputs', name])) continue;
    doc.problem(
      ['jobs', job.name, 'inputs'],
      `${job.name} needs the input ${name}`,
      `Add ${name}: \${{parent.inputs.${name}}} or a value under its inputs.`,
    );
  }
}

const isLiteralInput = (binding: Binding | null, io: IoSpecs): boolean => {
  if (binding === null) return true; // reported already
  const input = binding.kind === 'parent_input' ? own(io.inputs, binding.input) : undefined;
  return binding.kind === 'parent_input' && (input === undefined || !isAssetType(input.type));
};

function checkBinding(
  doc: YamlDocument,
  path: Path,
  source: string,
  binding: Binding | null,
  jobs: readonly PipelineJob[],
  io: IoSpecs,
): void {
  if (binding === null) {
    doc.problem(
      path,
      `${source} points at nothing`,
      'Write ${{parent.inputs.<name>}} or ${{parent.jobs.<job>.outputs.<name>}}.',
    );
  } else if (binding.kind === 'parent_input') {
    if (own(io.inputs, binding.input) !== undefined) return;
    const known = Object.keys(io.inputs);
    doc.problem(
      path,
      `the pipeline has no input ${binding.input}`,
      didYouMean(binding.input, known) ?? `Declare ${binding.input} under inputs.`,
    );
  } else {
    const source_job = jobs.find((j) => j.name === binding.job);
    if (source_job === undefined) {
      const known = jobs.map((j) => j.name);
      doc.problem(
        path,
        `the pipeline has no job ${binding.job}`,
        didYouMean(binding.job, known) ?? `It has: ${known.join(', ')}.`,
      );
    } else if (source_job.spec.command !== '' && own(source_job.spec.outputs, binding.output) === undefined) {
      const known = Object.keys(source_job.spec.outputs);
      const hint = didYouMean(binding.output, known) ?? `It has: ${known.join(', ') || 'none'}.`;
      doc.problem(path, `the job ${binding.job} has no output ${binding.output}`, hint);
    }
  }
}

/** An input of the pipeline that may be absent cannot feed an input that must be there. */
function checkRequired(
  doc: YamlDocument,
  path: Path,
  name: string,
  spec: InputSpec,
  binding: Binding,
  io: IoSpecs,
): void {
  if (binding.kind !== 'parent_input' || spec.optional || spec.default !== null) return;
  const parent = own(io.inputs, binding.input);
  if (parent === undefined || !parent.optional || parent.default !== null) return;
  doc.problem(
    path,
    `the input ${binding.input} of the pipeline may be without a value, but ${name} needs one`,
    `Give ${binding.input} a default, or make ${name} optional.`,
  );
}

/** Inline jobs learn only from their bindings which of their inputs may be absent. */
function checkOptionalParts(doc: YamlDocument, job: PipelineJob): void {
  for (const { reference, optional } of referencesOf(parseTemplate(job.spec.command).parts)) {
    const spec = reference.group === 'inputs' ? own(job.spec.inputs, reference.name) : undefined;
    if (optional || spec === undefined || !spec.optional || spec.default !== null) continue;
    const source = `\${{inputs.${reference.name}}}`;
    const hint = `Put it in an optional part: $[[--${reference.name} ${source}]]`;
    doc.problem(['jobs', job.name, 'command'], `${source} may be without a value`, hint);
  }
}

function checkOutputs(doc: YamlDocument, jobs: readonly PipelineJob[], io: IoSpecs): void {
  const writers = new Map<string, string>();
  for (const job of jobs) {
    for (const [name, text] of Object.entries(job.outputs)) {
      const path = ['jobs', job.name, 'outputs', name];
      if (job.spec.command !== '' && own(job.spec.outputs, name) === undefined) {
        const known = Object.keys(job.spec.outputs);
        doc.problem(
          path,
          `${job.name} has no output ${name}`,
          didYouMean(name, known) ?? `It has: ${known.join(', ') || 'none'}.`,
        );
      }
      const target = readOutputBinding(text) ?? '';
      const first = writers.get(target);
      if (own(io.outputs, target) === undefined) {
        const known = Object.keys(io.outputs);
        doc.problem(
          path,
          `the pipeline has no output ${target}`,
          didYouMean(target, known) ?? `Declare ${target} under outputs.`,
        );
      } else if (first !== undefined) {
        doc.problem(path, `the output ${target} is already written by ${first}`, 'Bind it in one job only.');
      } else writers.set(target, job.name);
    }
  }
  const unread = jobs.some((job) => job.spec.command === '');
  for (const name of Object.keys(io.outputs)) {
    if (writers.has(name) || unread) continue;
    doc.problem(
      ['outputs', name],
      `no job writes the output ${name}`,
      `Add ${name}: \${{parent.outputs.${name}}} under the outputs of a job.`,
    );
  }
}

/** `[a, b, a]`, or null. */
function findCycle(jobs: readonly PipelineJob[]): readonly string[] | null {
  const done = new Set<string>();
  const visit = (job: PipelineJob, trail: readonly string[]): readonly string[] | null => {
    const start = trail.indexOf(job.name);
    if (start >= 0) return [...trail.slice(start), job.name];
    if (done.has(job.name)) return null;
    for (const name of neededJobs(job)) {
      const needed = jobs.find((j) => j.name === name);
      const cycle = needed === undefined ? null : visit(needed, [...trail, job.name]);
      if (cycle !== null) return cycle;
    }
    done.add(job.name);
    return null;
  };
  for (const job of jobs) {
    const cycle = visit(job, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
