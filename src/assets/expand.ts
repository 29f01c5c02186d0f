import { UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { isAssetType } from './io-specs.ts';
import { neededJobs } from './job-bindings.ts';
import { checkLiteral } from './literal.ts';
import {
  readBinding,
  readOutputBinding,
  replaceBindings,
  resolveOptionalParts,
  bindingsIn,
} from './placeholders.ts';
import type {
  AssetType,
  CommandSpec,
  Component,
  InputSpec,
  InputValue,
  PipelineJob,
  Step,
  StepInput,
  StepOutput,
} from './types.ts';
import { own } from './yaml-document.ts';

type Values = Readonly<Record<string, InputValue>>;

/**
 * The steps of a component with everything bound: given values, else defaults; an optional input without either stays
 * absent. Steps come in an order that respects what they need of each other, else as written. A command component
 * gives one step of its own name.
 * @throws UsageError naming all inputs that are unknown, missing or of the wrong type
 */
export function expandComponent(component: Component, inputs: Values): readonly Step[] {
  const values = bindInputs(component, inputs);
  if (component.type === 'command') {
    const outputs = Object.entries(component.spec.outputs).map(([name, spec]): [string, StepOutput] => [
      name,
      { type: spec.type, component_output: name },
    ]);
    return [toStep(component.name, component.spec, values, Object.fromEntries(outputs))];
  }
  return inOrder(component.jobs).map((job) => expandJob(job, values));
}

function bindInputs(component: Component, given: Values): Values {
  const problems: string[] = [];
  const hints: string[] = [];
  const known = Object.keys(component.inputs);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    problems.push(`it has no input ${name}`);
    hints.push(didYouMean(name, known) ?? `It has: ${known.join(', ') || 'none'}.`);
  }
  const bound: [string, InputValue][] = [];
  for (const [name, spec] of Object.entries(component.inputs)) {
    const value = own(given, name) ?? defaultValue(spec);
    if (value === undefined) {
      if (spec.optional) continue;
      problems.push(`its input ${name} has no value`);
      hints.push(`Give ${name} a value, or a default in the component.`);
      continue;
    }
    const fitted = fit(spec, value);
    if ('problem' in fitted) problems.push(`its input ${name} ${fitted.problem}`);
    else bound.push([name, fitted]);
  }
  if (problems.length > 0) {
    throw new UsageError(
      `The component ${component.name}:${component.version} cannot run: ${problems.join('; ')}.`,
      {
        hint: hints[0] ?? `See inputs in ${component.file}.`,
      },
    );
  }
  return Object.fromEntries(bound);
}

const defaultValue = (spec: InputSpec): InputValue | undefined =>
  spec.default === null ? undefined : literalOrPath(spec, spec.default);

const literalOrPath = (spec: InputSpec, text: string): InputValue =>
  isAssetType(spec.type) ? { kind: 'asset', type: spec.type, path: text } : { kind: 'literal', value: text };

const TABULAR: readonly AssetType[] = ['uri_file', 'uri_folder', 'mltable'];

/** The value as its input takes it: text for data is a path; a data asset must be of the kind that is asked for. */
function fit(spec: InputSpec, value: InputValue): InputValue | { readonly problem: string } {
  if (value.kind === 'asset') {
    if (!isAssetType(spec.type)) return { problem: `takes a ${spec.type}, not data (${value.type})` };
    const mismatch = spec.type !== value.type && TABULAR.includes(spec.type) && TABULAR.includes(value.type);
    return mismatch ? { problem: `takes ${spec.type}, the data is ${value.type}` } : value;
  }
  if (isAssetType(spec.type)) return { kind: 'asset', type: spec.type, path: value.value };
  const checked = checkLiteral(spec, value.value);
  return 'problem' in checked ? checked : { kind: 'literal', value: checked.value };
}

function expandJob(job: PipelineJob, parent: Values): Step {
  const inputs = Object.entries(job.spec.inputs).flatMap(([name, spec]): [string, StepInput][] => {
    const value = jobInput(job, name, spec, parent) ?? defaultValue(spec);
    return value === undefined ? [] : [[name, value]];
  });
  const outputs = Object.entries(job.spec.outputs).map(([name, spec]): [string, StepOutput] => [
    name,
    { type: spec.type, component_output: readOutputBinding(own(job.outputs, name) ?? '') },
  ]);
  return toStep(job.name, job.spec, Object.fromEntries(inputs), Object.fromEntries(outputs));
}

/** Undefined where the job binds nothing, or an optional input of the pipeline that has no value. */
function jobInput(job: PipelineJob, name: string, spec: InputSpec, parent: Values): StepInput | undefined {
  const text = own(job.inputs, name);
  if (text === undefined) return undefined;
  const binding = readBinding(text);
  if (binding?.kind === 'job_output')
    return { kind: 'step_output', step: binding.job, output: binding.output };
  let value: InputValue | undefined = literalOrPath(spec, text);
  if (binding !== null) value = own(parent, binding.input);
  else if (bindingsIn(text).length > 0) value = { kind: 'literal', value: embed(job, name, text, parent) };
  if (value === undefined) return undefined;
  const fitted = fit(spec, value);
  if ('problem' in fitted)
    throw new UsageError(`The job ${job.name} cannot run: its input ${name} ${fitted.problem}.`);
  return fitted;
}

/** A text with inputs of the pipeline inside it, put in in one pass: what a value holds is never looked at again. */
function embed(job: PipelineJob, name: string, text: string, parent: Values): string {
  return replaceBindings(text, (source, binding) => {
    const value = binding?.kind === 'parent_input' ? own(parent, binding.input) : undefined;
    if (value?.kind === 'literal') return value.value;
    throw new UsageError(
      `The job ${job.name} cannot run: its input ${name} needs ${source}, which has no value.`,
      {
        hint: 'Give that input of the pipeline a value or a default.',
      },
    );
  });
}

function toStep(
  name: string,
  spec: CommandSpec,
  inputs: Readonly<Record<string, StepInput>>,
  outputs: Readonly<Record<string, StepOutput>>,
): Step {
  return {
    name,
    command: resolveOptionalParts(spec.command, (input) => Object.hasOwn(inputs, input)),
    code: spec.code,
    environment: spec.environment,
    environment_variables: spec.environment_variables,
    inputs,
    outputs,
  };
}

/** Each job after those it needs; where there is a choice, as written. */
function inOrder(jobs: readonly PipelineJob[]): readonly PipelineJob[] {
  const ordered: PipelineJob[] = [];
  let waiting = [...jobs];
  while (waiting.length > 0) {
    const open = new Set(waiting.map((job) => job.name));
    const next = waiting.find((job) => neededJobs(job).every((name) => !open.has(name)));
    if (next === undefined) throw new UsageError(`The jobs ${[...open].join(', ')} wait for each other.`);
    ordered.push(next);
    waiting = waiting.filter((job) => job !== next);
  }
  return ordered;
}
