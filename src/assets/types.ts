/** The versioned assets, in the formats of the Azure ML CLI v2 YAML files. */

/** What `${{inputs.x}}` may hold. */
export type InputType = 'string' | 'number' | 'integer' | 'boolean' | AssetType;
export type AssetType =
  | 'uri_file'
  | 'uri_folder'
  | 'mltable'
  | 'custom_model'
  | 'mlflow_model'
  | 'triton_model';

export interface InputSpec {
  readonly type: InputType;
  readonly optional: boolean;
  /** As text, the way it reaches a command; null: none. */
  readonly default: string | null;
  readonly description: string | null;
  /** Bounds of numbers, both included; absent: none. */
  readonly min?: number;
  readonly max?: number;
  /** The only values allowed, as text; absent: any. */
  readonly enum?: readonly string[];
}

export interface OutputSpec {
  readonly type: AssetType;
  readonly description: string | null;
}

/** A value for an input: text for literals, a path or URI for data. */
export type InputValue =
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'asset'; readonly type: AssetType; readonly path: string };

export interface Environment {
  readonly name: string;
  readonly version: string;
  /** Over the parsed content and the conda file, so comments and formatting never count. */
  readonly digest: string;
  readonly file: string;
  readonly image: string | null;
  /** The parsed conda file, or null. */
  readonly conda: Readonly<Record<string, unknown>> | null;
  /** The file's parsed content, as it is stored and sent: versions as text, the conda file put in. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What other tools will read differently, one sentence each; absent: nothing. */
  readonly warnings?: readonly string[];
}

/** One command with its code: what finally runs. A pipeline component has several. */
export interface CommandSpec {
  readonly command: string;
  /** Absolute folder of the code and the digest of its files; null where the command brings none. */
  readonly code: { readonly folder: string; readonly digest: string } | null;
  /** As written: `azureml:name:version`, `azureml:name@latest`, or null. */
  readonly environment: string | null;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
  readonly environment_variables: Readonly<Record<string, string>>;
}

export interface PipelineJob {
  readonly name: string;
  readonly spec: CommandSpec;
  /** As written; `${{parent.inputs.x}}` and `${{parent.jobs.a.outputs.b}}` point elsewhere. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Output name to `${{parent.outputs.x}}`; outputs left out are the job's own. */
  readonly outputs: Readonly<Record<string, string>>;
}

interface ComponentBase {
  readonly name: string;
  readonly version: string;
  /** Over the parsed content without `retry`, and the content of all code: editing either needs a new version. */
  readonly digest: string;
  readonly file: string;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
  /** Trainyard's own extension, stripped before the file goes anywhere else. */
  readonly retry: { readonly max_retries: number; readonly timeout_s: number | null } | null;
  /** Keys that are kept for clouds and mean nothing on a single machine, for example `resources`, `distribution`. */
  readonly cloud_only: readonly string[];
  /** The file's parsed content without `retry`, with the component files of its jobs put in: it stands alone. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What is read differently elsewhere or does not apply here, one sentence each; absent: nothing. */
  readonly warnings?: readonly string[];
}

export type Component =
  | (ComponentBase & { readonly type: 'command'; readonly spec: CommandSpec })
  | (ComponentBase & { readonly type: 'pipeline'; readonly jobs: readonly PipelineJob[] });

/** One command of a component with everything bound; steps come in an order that respects what they need of each other. */
export interface Step {
  readonly name: string;
  /** With `${{inputs.x}}` and `${{outputs.y}}` still in it: the provider puts its own paths in, without building shell text from values. */
  readonly command: string;
  readonly code: { readonly folder: string; readonly digest: string } | null;
  readonly environment: string | null;
  readonly environment_variables: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, StepInput>>;
  readonly outputs: Readonly<Record<string, StepOutput>>;
}

export type StepInput =
  | InputValue
  | { readonly kind: 'step_output'; readonly step: string; readonly output: string };

export interface StepOutput {
  readonly type: AssetType;
  /** The component's output that this is, or null for something only later steps read. */
  readonly component_output: string | null;
}
