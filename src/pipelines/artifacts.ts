import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import { sha256 } from '../kernel/digest.ts';
import { writeFileWhole } from '../kernel/files.ts';
import type { StageContext } from './pipeline.ts';

const JobDetail = z
  .object({
    name: z.string(),
    circuit: z.string(),
    model_name: z.string(),
    training_hash: z.string(),
    status: z.string(),
    attempts: z.number(),
    retry: z.boolean(),
    retry_of: z.string().nullable(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    created_at: z.string(),
    ended_at: z.string().nullable(),
    queued_s: z.number().nullable(),
    preparing_s: z.number().nullable(),
    running_s: z.number().nullable(),
    cpu_s: z.number().nullable(),
    peak_memory_mib: z.number().nullable(),
    exit_code: z.number().nullable(),
    metrics: z.record(z.string(), z.number()).nullable(),
    url: z.string().nullable(),
    /** Why it failed; null for jobs that did not. */
    failure: Failure.pick({ class: true, signature: true, title: true }).strict().nullable(),
  })
  .strict();

/** The four job files: `jobs` is the list of names that existing consumers read, `details` says the rest. */
const JobFile = z
  .object({ run: z.number(), jobs: z.array(z.string()), details: z.array(JobDetail) })
  .strict();

const ModelEntry = z
  .object({
    model_name: z.string(),
    version: z.number(),
    circuit: z.string(),
    training_hash: z.string(),
    job: z.string(),
    retry: z.boolean(),
    tags: z.record(z.string(), z.string()),
    metrics: z.record(z.string(), z.number()),
  })
  .strict();
const ModelFile = z.object({ run: z.number(), models: z.array(ModelEntry) }).strict();

/** Every artifact of a run, by name, with its published schema. */
export const ARTIFACTS = {
  changed_circuits: z
    .object({
      run: z.number(),
      plan_id: z.string().nullable(),
      detection: z.enum(['git', 'hash', 'manual']),
      base_ref: z.string().nullable(),
      circuits: z.array(z.string()),
      details: z.array(
        z
          .object({
            id: z.string(),
            action: z.string(),
            cause: z.string(),
            reason: z.string(),
            training_hash: z.string(),
            inputs_digest: z.string(),
            previous_hash: z.string().nullable(),
          })
          .strict(),
      ),
    })
    .strict(),
  training_jobs: JobFile,
  completed_jobs: JobFile,
  failed_jobs: JobFile.extend({ has_training_failures: z.boolean() }),
  retry_jobs: JobFile,
  completed_retry_jobs: JobFile,
  registered_models: ModelFile,
  registered_models_with_retry: ModelFile,
  promoted_models: z
    .object({
      run: z.number(),
      models: z.array(
        ModelEntry.extend({
          outcome: z.enum(['promoted', 'held', 'rejected', 'failed']),
          reason: z.string().nullable(),
        }),
      ),
    })
    .strict(),
} as const;

export type ArtifactName = keyof typeof ARTIFACTS;
export type JobDetail = z.infer<typeof JobDetail>;
export type ModelEntry = z.infer<typeof ModelEntry>;

/** Writes an artifact whole, then its row. Written again after a crash it only gets the same content. */
export async function writeArtifact<N extends ArtifactName>(
  context: StageContext,
  name: N,
  content: z.infer<(typeof ARTIFACTS)[N]>,
): Promise<void> {
  ARTIFACTS[name].parse(content);
  const bytes = Buffer.from(artifactText(content));
  const path = join('runs', String(context.run.number), 'artifacts', `${name}.json`);
  await writeFileWhole(join(context.world.store.folder, path), bytes);
  context.world.faultPoint('artifact.written');
  await context.tx(async (tx) => {
    const row = { path, size: bytes.length, sha256: sha256(bytes), created_at: toIso(context.now()) };
    await tx
      .insertInto('artifacts')
      .values({ run_id: context.run.id, name, ...row })
      .onConflict((c) => c.columns(['run_id', 'name']).doUpdateSet(row))
      .execute();
  });
}

/** One line per key, and in lists one line per entry: fit for grep and diff, and never a second tree in memory. */
function artifactText(content: Readonly<Record<string, unknown>>): string {
  const keys = Object.entries(content).map(([key, value]) => {
    const list =
      Array.isArray(value) && value.length > 0
        ? `[\n${value.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`
        : JSON.stringify(value);
    return `${JSON.stringify(key)}: ${list}`;
  });
  return `{\n${keys.join(',\n')}\n}\n`;
}
