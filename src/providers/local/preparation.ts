import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expandComponent, snapshotCode, type Environment, type Step } from '../../assets/index.ts';
import type { Submission } from '../../jobs/compute.ts';
import { ManagedEnvironments } from './environments.ts';
import { jobOrder, type JobOrder } from './job-order.ts';
import { findProgram, findPython, pathOf, type Python } from './python.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface PreparationOptions {
  readonly state_folder: string;
  readonly project_folder: string;
  readonly environment: 'ambient' | 'managed';
  /** An environment by its reference in a component (`azureml:name:version`), or null. */
  readonly environments: (reference: string) => Environment | null;
  readonly env: Env;
  /** Variables that jobs do not inherit: secrets of messages and sign-in, which no training needs. */
  readonly withheld: readonly string[];
}

/** Belong to this Node process, not to what it starts. */
const NOT_INHERITED = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'];
/** No secrets, whoever names them, and programs fail without. */
const ALWAYS_INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TMPDIR', 'HOSTNAME'];

/** Turns submissions into orders for the launcher; what many attempts share is found or made once. */
export class Preparation {
  readonly managed: ManagedEnvironments;
  readonly #options: PreparationOptions;
  #python: Promise<Python> | null = null;
  #env: Env | null = null;
  readonly #code = new Map<string, Promise<string>>();
  readonly #programs = new Map<string, string | null>();

  constructor(options: PreparationOptions) {
    this.#options = options;
    this.managed = new ManagedEnvironments(join(options.state_folder, 'environments'));
  }

  /**
   * Looks again when the one that was found has gone.
   * @throws ProviderError when this machine has no usable Python
   */
  async python(): Promise<Python> {
    const known = await this.#python;
    if (known === null || existsSync(known.executable)) return this.#find();
    this.#python = null;
    this.#env = null;
    this.#programs.clear();
    return this.#find();
  }

  #find(): Promise<Python> {
    this.#python ??= findPython(this.#options.env, join(this.#options.state_folder, 'shims')).catch(
      (error: unknown) => {
        this.#python = null;
        throw error;
      },
    );
    return this.#python;
  }

  /** What jobs inherit: what this process has and is not withheld, with the resolved Python first on the `PATH`. */
  async env(): Promise<Env> {
    const { path_folders } = await this.python();
    this.#env ??= this.#inherited(path_folders);
    return this.#env;
  }

  /** Where `${env:NAME}` is looked up: who names a variable gets it, withheld or not. */
  get variables(): Env {
    return this.#options.env;
  }

  #inherited(path_folders: readonly string[]): Env {
    const { env, withheld } = this.#options;
    const out = new Set([...NOT_INHERITED, ...withheld].filter((name) => !ALWAYS_INHERITED.includes(name)));
    // Output reaches the log while the job runs, not when a buffer is full.
    const all = { PYTHONUNBUFFERED: '1', ...env, PATH: [...path_folders, pathOf(env)].join(delimiter) };
    return Object.fromEntries(Object.entries(all).filter(([name]) => !out.has(name)));
  }

  steps(submission: Submission): readonly Step[] {
    return expandComponent(submission.component, submission.inputs);
  }

  /** The environments that have to be there before an attempt can start. */
  environmentsOf(submission: Submission, steps: readonly Step[]): Environment[] {
    const found = new Map<string, Environment>();
    for (const step of steps) {
      const environment = this.#environmentOf(submission, step);
      if (environment !== null) found.set(environment.digest, environment);
    }
    return [...found.values()];
  }

  #environmentOf(submission: Submission, step: Step): Environment | null {
    if (this.#options.environment === 'ambient') return null;
    const wished = submission.environment;
    if (step.environment === null) return wished;
    // The circuit's own choice of version goes before the one written in the component.
    const name = /^(?:azureml:)?([^:@]+)/.exec(step.environment)?.[1];
    if (wished !== null && wished.name === name) return wished;
    return this.#options.environments(step.environment) ?? wished;
  }

  /** @throws UsageError or ProviderError for what keeps the attempt from starting */
  async order(submission: Submission, steps: readonly Step[], folder: string): Promise<JobOrder> {
    const env = await this.env();
    const code = new Map<string, string>();
    for (const step of steps) {
      if (step.code !== null) code.set(step.code.digest, await this.snapshot(step.code));
    }
    return jobOrder(submission, steps, {
      folder,
      project_folder: this.#options.project_folder,
      env,
      variables: this.variables,
      stepEnv: (step) => this.#stepEnv(this.#environmentOf(submission, step), env),
      codeOf: (step) => (step.code === null ? null : (code.get(step.code.digest) ?? null)),
      find: (program, path) => this.find(program, path),
    });
  }

  /** A program on a `PATH`, looked for once. */
  find(program: string, path: string): string | null {
    const id = `${path}\0${program}`;
    const known = this.#programs.get(id);
    if (known !== undefined) return known;
    const found = findProgram(program, path);
    // What is missing may be installed while we run.
    if (found !== null) this.#programs.set(id, found);
    return found;
  }

  #stepEnv(environment: Environment | null, env: Env): Record<string, string> {
    const folder = environment === null ? null : this.managed.folderOf(environment);
    if (folder === null) return {};
    return { VIRTUAL_ENV: folder, PATH: [join(folder, 'bin'), pathOf(env)].join(delimiter) };
  }

  /** The shared copy of a step's code, made once. */
  snapshot(code: { readonly folder: string; readonly digest: string }): Promise<string> {
    const known = this.#code.get(code.digest);
    if (known !== undefined) return known;
    const made = snapshotCode(code.folder, code.digest, this.#options.state_folder).catch(
      (error: unknown) => {
        this.#code.delete(code.digest);
        throw error;
      },
    );
    this.#code.set(code.digest, made);
    return made;
  }
}
