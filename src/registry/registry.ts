/**
 * The port through which model versions reach a registry: the embedded one, later Azure ML or MLflow.
 * Batch first. What can happen to a model is an outcome; an exception means that the call itself failed
 * (the disk is full, the service is away) and may be made again: every method is idempotent.
 */
import type { Actor } from '../kernel/actor.ts';
import type { Readable } from 'node:stream';
import type { ModelRef, ModelVersion, ModelVersionDetail, StoredFile } from './model-version.ts';

export interface ModelRegistry {
  describe(): RegistryDescription;
  /**
   * Registers models, one version per job: a job that is registered already keeps its first version. Versions count
   * 1, 2, 3 … per model name without gaps. Files go in before the rows that name them, so a crash leaves at most files
   * that nothing points at. One outcome per request, in order.
   */
  register(batch: readonly RegisterRequest[]): Promise<readonly RegisterOutcome[]>;
  /** One version, or null. */
  get(model_name: string, version: number): Promise<ModelVersionDetail | null>;
  /** Many versions in the order asked, null for those that do not exist. */
  find(refs: readonly ModelRef[]): Promise<readonly (ModelVersionDetail | null)[]>;
  /** By model name, each model's newest version first. */
  list(query: ListQuery): Promise<VersionPage>;
  /** All versions that a run registered, by model name. */
  versionsOfRun(run_id: string): Promise<readonly ModelVersion[]>;
  /**
   * Marks a version as not to be used; nothing is deleted. A second call changes nothing.
   * @throws NotFoundError
   */
  withdraw(model_name: string, version: number, by: Actor, reason: string): Promise<ModelVersion>;
  /**
   * Promotion: copies versions from another registry into this one under the same numbers, and reads back what it wrote
   * before it says so. One outcome per ref, in order.
   */
  share(refs: readonly ModelRef[], from: ModelRegistry): Promise<readonly ShareOutcome[]>;
  /** Which of the versions can be used here already, in order; a registry in a cloud may need a while after `share`. */
  visible(refs: readonly ModelRef[]): Promise<readonly boolean[]>;
  /** The files of a version. Their streams check the sha256 while they are read and fail at the end when it differs. */
  files(model: ModelVersion): Promise<readonly ModelFile[]>;
  /** The same by name. @throws NotFoundError also when its files were removed */
  open(model_name: string, version: number): Promise<ModelFiles>;
  /** Reads every file of a version; empty when all are as they were registered. @throws NotFoundError as `open` */
  verify(model_name: string, version: number): Promise<readonly FileProblem[]>;
  /**
   * Writes the files of a version below `folder`, each whole or not at all, checked.
   * @throws NotFoundError as `open`
   * @throws TrainyardError when a file is not what was registered, or cannot be written
   */
  download(model_name: string, version: number, folder: string): Promise<Download>;
}

/** One file of a model to register, wherever it lies. */
export interface OutputFile {
  /** Relative to the output, with `/`. For an output that is a single file: its name. */
  readonly path: string;
  readonly size: number;
  /** On this machine's disk, when it lies there; lets the registry share blocks instead of copying. */
  readonly local_path: string | null;
  open(): Readable;
}

export interface RegistryDescription {
  readonly name: string;
  /** For people, for example `shared registry on this machine`. */
  readonly title: string;
}

/** One job's model. */
export interface RegisterRequest {
  readonly job_id: string;
  readonly job_name: string;
  readonly run_id: string;
  readonly circuit_id: string;
  readonly model_name: string;
  /** From a pull-request run. */
  readonly pr: boolean;
  readonly training_hash: string;
  /** Empty where nobody computed one. */
  readonly inputs_digest: string;
  /** Texts by name; empty ones say nothing and are left out. Hashes, job name and `pr` are added by the registry. */
  readonly tags: Readonly<Record<string, string>>;
  /** Numbers that are not finite are left out. */
  readonly metrics: Readonly<Record<string, number>> | null;
  /** The circuit's resolved settings; JSON text is kept as it is. */
  readonly settings: string | Readonly<Record<string, unknown>>;
  readonly files: readonly OutputFile[];
}

export type RegisterOutcome = { readonly job_id: string } & (
  | {
      readonly status: 'registered';
      readonly model_name: string;
      readonly version: number;
      readonly digest: string;
      /** False: the job had its version already. */
      readonly created: boolean;
    }
  /** The job left no files. */
  | { readonly status: 'no_model'; readonly message: string }
  /** Paths that leave the model's folder, settings that are no JSON and the like: trying again does not help. */
  | { readonly status: 'invalid'; readonly message: string }
  /** A file could not be read to its end. */
  | { readonly status: 'unreadable'; readonly message: string; readonly retryable: boolean }
);

export type ShareOutcome = ModelRef &
  (
    | { readonly status: 'shared' | 'already_shared'; readonly digest: string }
    /** The number is taken there by other content. */
    | { readonly status: 'conflict'; readonly message: string }
    /** Withdrawn, made by a pull-request run, or out of use for so long that its files were removed. */
    | {
        readonly status: 'refused';
        readonly reason: 'withdrawn' | 'pull_request' | 'files_removed';
        readonly message: string;
      }
    | { readonly status: 'not_found'; readonly message: string }
    /** `corrupt`: a file is not what was registered. `unreadable`: trying again may help. Nothing was shared. */
    | { readonly status: 'corrupt' | 'unreadable'; readonly message: string }
  );

export interface ListQuery {
  readonly model_name?: string;
  readonly circuit_id?: string;
  readonly run_id?: string;
  /** All of them must match exactly. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly withdrawn?: boolean;
  readonly pr?: boolean;
  /** The last page's `next`. */
  readonly after?: ModelRef | null;
  /** From 1 to 1000. */
  readonly limit: number;
}

export interface VersionPage {
  readonly items: readonly ModelVersion[];
  /** Where the next page begins; null: this was the last. */
  readonly next: ModelRef | null;
}

export interface ModelFile extends OutputFile {
  readonly sha256: string;
}

export interface ModelFiles {
  readonly model: ModelVersion;
  readonly files: readonly ModelFile[];
}

export interface FileProblem {
  readonly path: string;
  readonly problem: 'missing' | 'changed' | 'unreadable';
  readonly message: string;
}

export interface Download {
  readonly folder: string;
  readonly files: readonly StoredFile[];
  /** Bytes in all. */
  readonly size: number;
}
