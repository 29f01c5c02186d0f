import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindCommand, type Step } from '../../assets/index.ts';
import type { Submission } from '../../jobs/compute.ts';
import { attemptKey } from '../../jobs/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { resolveSecrets, secretNames } from '../../kernel/redact.ts';
import { launcherId } from './books.ts';
import { pathOf } from './python.ts';

/** A job as the launcher takes it; it travels over a pipe and is never written down, because secrets stand in it. */
export interface JobOrder {
  readonly key: string;
  readonly dir: string;
  /** To be made inside it, parents first. */
  readonly folders: readonly string[];
  readonly log: string;
  readonly steps: readonly {
    readonly name: string;
    readonly argv: readonly string[];
    readonly cwd: string;
    /** Folder with the code, linked into `cwd`. */
    readonly link: string | null;
    readonly env: Readonly<Record<string, string>>;
  }[];
  readonly timeout_s: number | null;
  /** Never shown in the log. */
  readonly secrets: readonly string[];
  readonly log_link: string | null;
  readonly log_before: string | null;
  readonly memory_mib: number | null;
  readonly gpus: number;
  /** It ends when this process does. */
  readonly tied: boolean;
}

export interface OrderContext {
  /** The attempt's own folder. */
  readonly folder: string;
  readonly project_folder: string;
  /** What the job inherits. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `${env:NAME}` is looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The `PATH` and more that a step runs with. */
  readonly stepEnv: (step: Step) => Readonly<Record<string, string>>;
  /** The shared copy of a step's code. */
  readonly codeOf: (step: Step) => string | null;
  /** A program's absolute path, or null when there is none. */
  readonly find: (program: string, path: string) => string | null;
}

/**
 * Puts paths, values and secrets into the steps of an attempt.
 * @throws UsageError for what the component's author or the operator has to set right
 */
export function jobOrder(submission: Submission, steps: readonly Step[], context: OrderContext): JobOrder {
  const several = steps.length > 1;
  const { in_place } = submission;
  const work = join(context.folder, 'work');
  const folders = new Set([work]);
  const secrets = new Set<string>();
  const outputs = outputPaths(steps, context.folder);
  for (const path of outputs.folders) folders.add(path);
  const bound = steps.map((step) => {
    const cwd = in_place?.folder ?? (several ? join(work, checkedName(step.name, 'step')) : work);
    if (in_place === undefined) folders.add(cwd);
    const { argv, variables } =
      in_place === undefined
        ? boundCommand(step, inputPaths(step, outputs.of, context.project_folder), outputs.of(step))
        : { argv: in_place.argv, variables: {} };
    const extra = { ...step.environment_variables, ...submission.environment_variables, ...variables };
    const env: Record<string, string> = {
      ...context.stepEnv(step),
      ...reveal(extra, context.variables, secrets),
      TRAINYARD_RUN_ID: submission.run_id,
      TRAINYARD_CIRCUIT: submission.circuit_id,
      TRAINYARD_JOB: submission.job_name,
      TRAINYARD_ATTEMPT: submission.key,
    };
    const [program = '', ...rest] = argv;
    const found = context.find(program, env['PATH'] ?? pathOf(context.env));
    return { name: step.name, argv: [found ?? program, ...rest], cwd, link: context.codeOf(step), env };
  });
  return {
    key: launcherId(submission.run_id, submission.key),
    dir: context.folder,
    folders: [...folders],
    log: join(context.folder, 'log'),
    steps: bound,
    timeout_s: submission.timeout_s,
    secrets: [...secrets].filter((value) => value.length >= 4),
    log_link: in_place?.log ?? null,
    log_before:
      in_place === undefined || submission.attempt === 1
        ? null
        : join(dirname(context.folder), attemptKey(submission.job_name, submission.attempt - 1), 'log'),
    memory_mib: in_place?.memory_limit_mib ?? null,
    gpus: in_place?.gpus ?? 0,
    tied: in_place !== undefined,
  };
}

/** Where an output of a component lies, below the attempt's folder; the file itself for an output that is a file. */
export function outputFolder(attempt_folder: string, output: string): string {
  return join(attempt_folder, 'outputs', checkedName(output, 'output'));
}

/** The absolute path of local data, or null for a URI that only a cloud can read. */
export function localPath(path: string, project_folder: string): string | null {
  if (/^file:\/\//i.test(path)) return fileURLToPath(path);
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return null;
  return resolve(project_folder, path);
}

/** The words of a command, before secrets are put in. Values with secrets reach it as environment variables. */
export function boundCommand(
  step: Step,
  inputs: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>>,
): { readonly argv: readonly string[]; readonly variables: Readonly<Record<string, string>> } {
  const bound = bindCommand(step.command, { inputs, outputs });
  if ('shell' in bound) return { argv: ['bash', '-c', bound.shell.script], variables: bound.shell.variables };
  if (!bound.argv.some((word) => secretNames(word).length > 0)) return { argv: bound.argv, variables: {} };
  // Arguments are visible to every user of the machine in the list of processes, variables are not.
  const variables: Record<string, string> = {};
  const words = bound.argv.map((word, i) => {
    if (secretNames(word).length === 0) return `'${word.replaceAll("'", `'\\''`)}'`;
    variables[`TRAINYARD_ARGUMENT_${i}`] = word;
    return `"$TRAINYARD_ARGUMENT_${i}"`;
  });
  return { argv: ['bash', '-c', `exec ${words.join(' ')}`], variables };
}

/** Texts of a submission in which secrets may stand. */
export function textsOf(submission: Submission, steps: readonly Step[]): string[] {
  return [
    ...Object.values(submission.environment_variables),
    ...steps.flatMap((step) => Object.values(step.environment_variables)),
    ...steps.flatMap((step) =>
      Object.values(step.inputs).map((input) =>
        input.kind === 'literal' ? input.value : input.kind === 'asset' ? input.path : '',
      ),
    ),
  ];
}

interface OutputPaths {
  readonly folders: readonly string[];
  readonly of: (step: { readonly name: string }) => Readonly<Record<string, string>>;
}

function outputPaths(steps: readonly Step[], folder: string): OutputPaths {
  const folders = new Set<string>();
  const paths = new Map<string, Record<string, string>>();
  for (const step of steps) {
    const mine: Record<string, string> = {};
    for (const [name, output] of Object.entries(step.outputs)) {
      const final = output.component_output;
      const place =
        final === null
          ? join(folder, 'steps', checkedName(step.name, 'step'), checkedName(name, 'output'))
          : outputFolder(folder, final);
      if (final === null) {
        folders.add(join(folder, 'steps'));
        folders.add(join(folder, 'steps', step.name));
      } else {
        folders.add(join(folder, 'outputs'));
      }
      folders.add(place);
      mine[name] = output.type === 'uri_file' ? join(place, final ?? name) : place;
    }
    paths.set(step.name, mine);
  }
  return { folders: [...folders], of: (step) => paths.get(step.name) ?? {} };
}

function inputPaths(
  step: Step,
  outputsOf: OutputPaths['of'],
  project_folder: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(step.inputs).map(([name, input]) => {
      switch (input.kind) {
        case 'literal':
          return [name, input.value];
        case 'asset':
          return [name, localPath(input.path, project_folder) ?? input.path];
        case 'step_output':
          return [name, outputsOf({ name: input.step })[input.output] ?? ''];
      }
    }),
  );
}

/** Names become folders. */
function checkedName(name: string, what: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) return name;
  throw new UsageError(`The ${what} name "${name}" cannot be a folder's name.`, {
    hint: `Use letters, digits, "_", "-" and "." in ${what} names.`,
  });
}

function reveal(
  texts: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
  secrets: Set<string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const { value, used, missing } = resolveSecrets(text, env);
      if (missing.length > 0) throw missingVariable(missing[0] ?? '');
      for (const secret of used) secrets.add(secret);
      return [name, value];
    }),
  );
}

export function missingVariable(name: string): UsageError {
  return new UsageError(`The environment variable ${name} is not set.`, {
    hint: `Set ${name} for the process that runs Trainyard, then retry.`,
  });
}
