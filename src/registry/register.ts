import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { messageOf } from '../kernel/errors.ts';
import { batches } from '../store/index.ts';
import { inParallel } from './in-parallel.ts';
import { refText } from './model-version.ts';
import type { ModelRef, RegistryName, StoredFile } from './model-version.ts';
import type { ObjectBatch } from './object-store.ts';
import { pathProblem } from './output-path.ts';
import { FILES_AT_ONCE } from './place.ts';
import type { Place } from './place.ts';
import type { RegisterOutcome, RegisterRequest } from './registry.ts';
import { filesIn, requireObjects, withObjects } from './objects-held.ts';
import { ROWS, findVersions, insertNumbered, versionsOfJobs } from './version-store.ts';
import type { NewVersion } from './version-store.ts';

/** Files first, then the rows that name them, 500 jobs at a time; see `ModelRegistry.register`. */
export async function registerAll(
  place: Place,
  requests: readonly RegisterRequest[],
): Promise<RegisterOutcome[]> {
  const outcomes = new Map<string, RegisterOutcome>();
  for (const part of batches(requests, ROWS)) {
    for (const outcome of await registerPart(place, part)) outcomes.set(outcome.job_id, outcome);
  }
  return requests.flatMap((request) => outcomes.get(request.job_id) ?? []);
}

/** Files are checked once more when the rows are written: retention may have removed one that nobody named yet. */
async function registerPart(place: Place, part: readonly RegisterRequest[]): Promise<RegisterOutcome[]> {
  return withObjects(() => registerOnce(place, part));
}

async function registerOnce(place: Place, part: readonly RegisterRequest[]): Promise<RegisterOutcome[]> {
  const { store, registry, objects, now } = place;
  const byJob = new Map(part.map((request) => [request.job_id, request]));
  const known = await versionsOfJobs(store.db, registry, [...byJob.keys()]);
  const outcomes: RegisterOutcome[] = [...known].map(([job_id, version]) =>
    registered(job_id, version, false),
  );
  const wanted = [...byJob.values()].filter((request) => !known.has(request.job_id));

  const batch = objects.batch();
  // A power cut may keep a row and lose its files: the job still has them.
  const lost = await withoutFiles(place, [...known.values()]);
  await inParallel(
    [...byJob.values()].filter((request) => lost.has(refText(known.get(request.job_id) ?? NOBODY))),
    FILES_AT_ONCE,
    (request) => storeFiles(batch, request),
  );
  const results = await inParallel(
    wanted,
    FILES_AT_ONCE,
    async (request): Promise<RegisterOutcome | NewVersion> => {
      const result = problemOf(request) ?? (await storeFiles(batch, request));
      return 'status' in result ? result : toRow(registry, request, result.files);
    },
  );
  outcomes.push(...results.filter((result) => 'status' in result));
  const prepared = results.filter((result): result is NewVersion => !('status' in result));
  await batch.flush();
  if (prepared.length === 0) return outcomes;

  return store.tx(async (tx) => {
    const raced = await versionsOfJobs(
      tx,
      registry,
      prepared.map((row) => row.job_id),
    );
    const fresh = prepared.filter((row) => !raced.has(row.job_id));
    requireObjects(
      objects,
      fresh.flatMap((row) => filesIn(row)),
    );
    const refs = await insertNumbered(tx, registry, fresh, now());
    return [
      ...outcomes,
      ...[...raced].map(([job_id, version]) => registered(job_id, version, false)),
      ...fresh.flatMap(({ job_id, digest }, i) => {
        const ref = refs[i];
        return ref === undefined ? [] : [registered(job_id, { ...ref, digest }, true)];
      }),
    ];
  });
}

const NOBODY: ModelRef = { model_name: '', version: 0 };

/** Which of these versions, as text, miss files of theirs. */
async function withoutFiles(
  { store, registry, objects }: Place,
  refs: readonly ModelRef[],
): Promise<ReadonlySet<string>> {
  const versions = await findVersions(store.db, registry, refs);
  const missing = await inParallel(
    // What retention removed is meant to be gone.
    versions.filter((version) => version !== null).filter((version) => version.files_removed_at === null),
    FILES_AT_ONCE,
    async (version) => ((await objects.hasAll(version.files)) ? null : refText(version)),
  );
  return new Set(missing.filter((ref) => ref !== null));
}

const registered = (
  job_id: string,
  {
    model_name,
    version,
    digest,
  }: { readonly model_name: string; readonly version: number; readonly digest: string },
  created: boolean,
): RegisterOutcome => ({ job_id, status: 'registered', model_name, version, digest, created });

/** What keeps a request from being registered, before any file is read. */
function problemOf(request: RegisterRequest): RegisterOutcome | null {
  const { job_id, files } = request;
  const invalid = (message: string): RegisterOutcome => ({ job_id, status: 'invalid', message });
  for (const name of ['job_id', 'job_name', 'run_id', 'circuit_id', 'model_name', 'training_hash'] as const) {
    if (request[name] === '') return invalid(`The job ${request.job_name || job_id} has an empty ${name}.`);
  }
  for (const [name, value] of Object.entries(request.tags)) {
    if (name === '' || typeof value !== 'string') {
      return invalid(
        `The tag ${JSON.stringify(name)} of the job ${request.job_name} has no name or is no text.`,
      );
    }
  }
  if (typeof request.settings === 'string') {
    try {
      JSON.parse(request.settings);
    } catch (error) {
      return invalid(`The settings of the job ${request.job_name} are not JSON: ${messageOf(error)}`);
    }
  }
  if (files.length === 0)
    return { job_id, status: 'no_model', message: `The job ${request.job_name} left no model files.` };
  const problem = pathProblem(files.map((file) => file.path));
  return problem === null ? null : invalid(problem);
}

async function storeFiles(
  batch: ObjectBatch,
  { job_id, files }: RegisterRequest,
): Promise<RegisterOutcome | { readonly files: StoredFile[] }> {
  const stored: StoredFile[] = [];
  for (const file of files) {
    const result = await batch.put(file);
    if (!result.ok)
      return { job_id, status: 'unreadable', message: result.message, retryable: result.retryable };
    stored.push(result.file);
  }
  return { files: stored.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

function toRow(registry: RegistryName, request: RegisterRequest, files: readonly StoredFile[]): NewVersion {
  const { job_id, job_name, run_id, circuit_id, model_name, pr, training_hash, inputs_digest } = request;
  const metrics = Object.entries(request.metrics ?? {}).filter(([, value]) => Number.isFinite(value));
  const said = {
    ...request.tags,
    training_hash,
    config_hash: training_hash,
    inputs_digest,
    training_job: job_name,
  };
  const tags = Object.entries({ ...said, ...(pr ? { pr: 'true' } : {}) }).filter(([, value]) => value !== '');
  return {
    registry,
    model_name,
    circuit_id,
    pr: pr ? 1 : 0,
    digest: filesDigest(files),
    files: canonicalJson(files),
    tags: canonicalJson(Object.fromEntries(tags)),
    metrics: canonicalJson(Object.fromEntries(metrics)),
    settings: typeof request.settings === 'string' ? request.settings : canonicalJson(request.settings),
    job_id,
    job_name,
    run_id,
    training_hash,
    inputs_digest,
  };
}

/** The same digest that the folder of these files has. */
const filesDigest = (files: readonly StoredFile[]): string =>
  sha256(files.map((file) => `${file.path}\0${file.sha256}\n`).join(''));
