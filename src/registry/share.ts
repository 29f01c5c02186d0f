import { SYSTEM } from '../kernel/actor.ts';
import { canonicalJson } from '../kernel/digest.ts';
import { batches } from '../store/index.ts';
import { inParallel } from './in-parallel.ts';
import { refText, removedMessage } from './model-version.ts';
import type { ModelRef, ModelVersion, ModelVersionDetail } from './model-version.ts';
import type { ObjectBatch } from './object-store.ts';
import { pathProblem } from './output-path.ts';
import { FILES_AT_ONCE } from './place.ts';
import type { Place } from './place.ts';
import type { ModelRegistry, ShareOutcome } from './registry.ts';
import { requireObjects, withObjects } from './objects-held.ts';
import { ROWS, findVersions, lastEntered, withdrawVersion } from './version-store.ts';

/** Copies versions from another registry into this one; see `ModelRegistry.share`. */
export async function shareAll(
  place: Place,
  refs: readonly ModelRef[],
  from: ModelRegistry,
): Promise<ShareOutcome[]> {
  const outcomes = new Map<string, ShareOutcome>();
  for (const part of batches(refs, ROWS)) {
    for (const outcome of await withObjects(() => sharePart(place, part, from)))
      outcomes.set(refText(outcome), outcome);
    for (const refused of await takeOutOfUse(place, part, from)) outcomes.set(refText(refused), refused);
  }
  return refs.flatMap((ref) => outcomes.get(refText(ref)) ?? []);
}

async function sharePart(
  place: Place,
  part: readonly ModelRef[],
  from: ModelRegistry,
): Promise<ShareOutcome[]> {
  const { store, registry, objects, now } = place;
  const refs = [...new Map(part.map((ref) => [refText(ref), ref])).values()];
  const sources = await from.find(refs);
  const targets = await findVersions(store.db, registry, refs);
  const title = from.describe().title;

  const batch = objects.batch();
  const results = await inParallel(
    refs.map((ref, i) => ({ ref, source: sources[i] ?? null, target: targets[i] ?? null })),
    FILES_AT_ONCE,
    async ({ ref, source, target }): Promise<ShareOutcome | ModelVersionDetail> => {
      if (source === null) {
        return { ...named(ref), status: 'not_found', message: `${refText(ref)} is not in the ${title}.` };
      }
      const settled = refusal(ref, source, target) ?? (target === null ? null : compare(ref, source, target));
      // A power cut may keep a row and lose its files.
      if (settled?.status === 'already_shared' && !(await objects.hasAll(source.files)))
        return (await copyFiles(batch, source, from)) ?? settled;
      return settled ?? (await copyFiles(batch, source, from)) ?? source;
    },
  );
  const settled = results.filter((result) => 'status' in result);
  const copied = results.filter((result): result is ModelVersionDetail => !('status' in result));
  await batch.flush();
  if (copied.length === 0) return settled;

  const at = now();
  return store.tx(async (tx) => {
    requireObjects(
      objects,
      copied.flatMap((source) => source.files),
    );
    const entered = await lastEntered(tx, registry);
    const rows = copied.map((source, i) => ({ ...toRow(registry, source, at), entered: entered + 1 + i }));
    const before = await findVersions(tx, registry, copied);
    await tx
      .insertInto('model_versions')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const after = await findVersions(tx, registry, copied);
    return [
      ...settled,
      ...copied.map((source, i): ShareOutcome => {
        const target = after[i] ?? null;
        if (target === null) return conflict(source, 'Another version there names the same job.');
        if ((before[i] ?? null) !== null) return compare(source, source, target);
        return { ...named(source), status: 'shared', digest: target.digest };
      }),
    ];
  });
}

/**
 * What is out of use there is out of use here: it may have been withdrawn while its files were copied, after which whoever
 * did so found nothing here. Looked at once the rows are there, so that one of the two sees the other.
 */
async function takeOutOfUse(
  { store, registry, now }: Place,
  part: readonly ModelRef[],
  from: ModelRegistry,
): Promise<ShareOutcome[]> {
  const sources = await from.find(part);
  const here = await findVersions(store.db, registry, part);
  const refused: ShareOutcome[] = [];
  const marks: { readonly ref: ModelRef; readonly reason: string }[] = [];
  for (const [i, ref] of part.entries()) {
    const [source, target] = [sources[i] ?? null, here[i] ?? null];
    if (source?.withdrawn == null || target === null || target.withdrawn !== null) continue;
    const outcome = refusal(ref, source, target);
    if (outcome !== null) refused.push(outcome);
    marks.push({ ref, reason: `withdrawn by ${source.withdrawn.by}: ${source.withdrawn.reason}` });
  }
  if (marks.length > 0)
    await store.tx(async (tx) => {
      for (const { ref, reason } of marks)
        await withdrawVersion(tx, registry, ref, { at: now(), by: SYSTEM, reason });
    });
  return refused;
}

const named = ({ model_name, version }: ModelRef): ModelRef => ({ model_name, version });

const conflict = (ref: ModelRef, why: string): ShareOutcome => ({
  ...named(ref),
  status: 'conflict',
  message: `${refText(ref)} cannot be shared: ${why}`,
});

function refusal(
  ref: ModelRef,
  source: ModelVersionDetail,
  target: ModelVersionDetail | null,
): ShareOutcome | null {
  if (source.pr) {
    const message = `${refText(ref)} was made by a pull-request run; such models are never promoted.`;
    return { ...named(ref), status: 'refused', reason: 'pull_request', message };
  }
  const withdrawn = source.withdrawn ?? target?.withdrawn ?? null;
  if (withdrawn === null) {
    // What is there already needs no files from here.
    if (source.files_removed_at === null || target !== null) return null;
    return { ...named(ref), status: 'refused', reason: 'files_removed', message: removedMessage(source) };
  }
  const message = `${refText(ref)} was withdrawn by ${withdrawn.by}: ${withdrawn.reason}`;
  return { ...named(ref), status: 'refused', reason: 'withdrawn', message };
}

const compare = (ref: ModelRef, source: ModelVersionDetail, target: ModelVersionDetail): ShareOutcome =>
  target.digest === source.digest
    ? { ...named(ref), status: 'already_shared', digest: target.digest }
    : conflict(
        ref,
        `the number is taken there by other content (${target.digest.slice(0, 12)}, not ${source.digest.slice(0, 12)}).`,
      );

/** Null when all files are there, checked. */
async function copyFiles(
  batch: ObjectBatch,
  source: ModelVersion,
  from: ModelRegistry,
): Promise<ShareOutcome | null> {
  const failed = (status: 'corrupt' | 'unreadable', why: string): ShareOutcome => ({
    ...named(source),
    status,
    message: `${refText(source)} was not shared: ${why}`,
  });
  const files = await from.files(source);
  const problem = pathProblem(files.map((file) => file.path));
  if (problem !== null) return failed('corrupt', problem);
  for (const file of files) {
    const result = await batch.putChecked(file);
    if (!result.ok) return failed(result.retryable ? 'unreadable' : 'corrupt', result.message);
  }
  return null;
}

const toRow = (registry: Place['registry'], source: ModelVersionDetail, at: string) => ({
  registry,
  model_name: source.model_name,
  version: source.version,
  circuit_id: source.circuit_id,
  pr: 0,
  digest: source.digest,
  files: canonicalJson(source.files),
  tags: canonicalJson(source.tags),
  metrics: canonicalJson(source.metrics),
  settings: source.settings,
  job_id: source.job_id,
  job_name: source.job_name,
  run_id: source.run_id,
  training_hash: source.training_hash,
  inputs_digest: source.inputs_digest,
  created_at: at,
});
