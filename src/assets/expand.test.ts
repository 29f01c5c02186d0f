import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { loadComponent } from './component.ts';
import { expandComponent } from './expand.ts';
import { testProject } from './test-project.ts';
import type { InputValue } from './types.ts';

const load = async (text: string) =>
  loadComponent(join(await testProject({ 'c.yaml': text.replaceAll('\\$', '$') }), 'c.yaml'));
const literal = (value: string): InputValue => ({ kind: 'literal', value });
const data: InputValue = { kind: 'asset', type: 'uri_folder', path: '/data' };

const COMMAND = `name: train
version: 1
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 1e-05}
  size: {type: string, enum: [small, large], default: small}
  fast: {type: boolean, optional: true}
  n: {type: integer, optional: true, min: 1, max: 9}
outputs: {model: {type: custom_model}}
command: train \${{inputs.data}} \${{inputs.rate}} $[[--fast=\${{inputs.fast}}]] $[[-n \${{inputs.n}} -f \${{inputs.fast}}]] -o \${{outputs.model}}
`;

describe('expandComponent of a command', () => {
  it('gives one step with given values, defaults, and nothing for optional inputs without either', async () => {
    expect(expandComponent(await load(COMMAND), { data, fast: literal('true') })).toEqual([
      {
        name: 'train',
        command: 'train ${{inputs.data}} ${{inputs.rate}} --fast=${{inputs.fast}}  -o ${{outputs.model}}',
        ...{ code: null, environment: null, environment_variables: {} },
        inputs: { data, rate: literal('1e-05'), size: literal('small'), fast: literal('True') },
        outputs: { model: { type: 'custom_model', component_output: 'model' } },
      },
    ]);
  });

  it('takes text for data as its path', async () => {
    expect(expandComponent(await load(COMMAND), { data: literal('abfss://x/y') })[0]?.inputs['data']).toEqual(
      {
        ...{ kind: 'asset', type: 'uri_folder', path: 'abfss://x/y' },
      },
    );
  });

  it('leaves references to secrets unread', async () => {
    expect(expandComponent(await load(COMMAND), { data, n: literal('${env:N}') })[0]?.inputs['n']).toEqual(
      literal('${env:N}'),
    );
  });

  it('names every input that is unknown, missing or wrong', async () => {
    const component = await load(COMMAND);
    const error = (inputs: Record<string, InputValue>) => {
      try {
        return String(expandComponent(component, inputs));
      } catch (caught) {
        if (caught instanceof UsageError) return `${caught.message} ${caught.hint}`;
        throw caught;
      }
    };
    expect(error({ rat: literal('1') })).toBe(
      'The component train:1 cannot run: it has no input rat; its input data has no value. Did you mean rate, data or fast?',
    );
    expect(error({ data, n: literal('10') })).toContain('its input n must be at most 9, is "10"');
    expect(error({ data, n: literal('1.5') })).toContain('its input n must be a whole number, is "1.5"');
    expect(error({ data, size: literal('huge') })).toContain(
      'its input size must be one of small, large, is "huge"',
    );
    expect(error({ data: { ...data, type: 'mltable' } })).toContain(
      'its input data takes uri_folder, the data is mltable',
    );
    expect(error({ data, size: data })).toContain('its input size takes a string, not data (uri_folder)');
    expect(error({ data, constructor: literal('1') })).toContain('it has no input constructor');
  });
});

const PIPELINE = `type: pipeline
name: p
version: 1
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.5}
  note: {type: string, optional: true}
outputs: {model: {type: custom_model}}
jobs:
  last:
    command: last \${{inputs.m}} \${{inputs.a}} \${{outputs.done}}
    inputs: {m: "\${{parent.jobs.train.outputs.model}}", a: "\${{parent.jobs.side.outputs.x}}"}
    outputs: {done: {type: uri_file}}
  side:
    command: side \${{outputs.x}}
    outputs: {x: }
  train:
    component:
      inputs: {data: {type: uri_folder}, rate: {type: number}, title: {type: string}, note: {type: string, default: none}}
      outputs: {model: {type: custom_model}}
      command: train \${{inputs.data}} \${{inputs.rate}} \${{inputs.title}} \${{inputs.note}} \${{outputs.model}}
    inputs:
      data: \${{parent.inputs.data}}
      rate: \${{parent.inputs.rate}}
      title: at \${{parent.inputs.rate}}, \${{ parent.inputs.rate }}
      note: \${{parent.inputs.note}}
    outputs: {model: "\${{parent.outputs.model}}"}
`;

describe('expandComponent of a pipeline', () => {
  it('orders jobs after those they need, else as written', async () => {
    expect(expandComponent(await load(PIPELINE), { data }).map((s) => s.name)).toEqual([
      'side',
      'train',
      'last',
    ]);
  });

  it('binds inputs of the pipeline and outputs of jobs', async () => {
    const [side, train, last] = expandComponent(await load(PIPELINE), { data, rate: literal('7') });
    expect(train?.inputs).toEqual({
      data,
      rate: literal('7'),
      title: literal('at 7, 7'),
      note: literal('none'),
    });
    expect(train?.outputs).toEqual({ model: { type: 'custom_model', component_output: 'model' } });
    expect(side?.outputs).toEqual({ x: { type: 'uri_folder', component_output: null } });
    expect(last?.inputs).toEqual({
      m: { kind: 'step_output', step: 'train', output: 'model' },
      a: { kind: 'step_output', step: 'side', output: 'x' },
    });
    expect(last?.outputs).toEqual({ done: { type: 'uri_file', component_output: null } });
  });

  it('does not look into values for more placeholders', async () => {
    const component = await load(
      PIPELINE.replace('rate: {type: number, default: 0.5}', 'rate: {type: string, default: x}').replace(
        'rate: {type: number}',
        'rate: {type: string}',
      ),
    );
    const value = '${{parent.inputs.note}} $& $[[x]]';
    const train = expandComponent(component, { data, rate: literal(value) })[1];
    expect(train?.inputs['title']).toEqual(literal(`at ${value}, ${value}`));
    expect(train?.command).toContain('train ${{inputs.data}}');
  });
});
