import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { ConflictError, NotFoundError, UsageError } from '../kernel/errors.ts';
import { writeFileWhole } from '../kernel/files.ts';
import type { Fleet } from './load-fleet.ts';
import type { Plan } from './make-plan.ts';
import { settingsOf } from './settings.ts';

/** Everything that a plan depends on, each as a digest, so that what moved can be named. */
const Inputs = z.object({
  fleet: z.string(),
  settings: z.string(),
  component: z.string(),
  environments: z.string(),
  data: z.string(),
  models: z.string(),
  base_commit: z.string().nullable(),
});

const Options = z.object({
  detection: z.enum(['auto', 'git', 'hash']),
  base_ref: z.string().nullable(),
  circuits: z.array(z.string()),
  if_changed: z.boolean(),
  include_failed: z.boolean(),
  allow_wide: z.string().nullable(),
});

const SealedPlan = z.object({
  kind: z.literal('trainyard-plan'),
  format: z.literal(1),
  plan_id: z.string(),
  sealed_at: z.string(),
  options: Options,
  pins: z.record(z.string(), z.number()),
  inputs: Inputs,
  circuits: z.array(
    z.object({
      id: z.string(),
      action: z.enum(['train', 'skip']),
      cause: z.string(),
      training_hash: z.string(),
      inputs_digest: z.string(),
    }),
  ),
  summary: z.object({ train: z.number(), skip: z.number() }),
  seal: z.string(),
});
export type SealedPlan = z.infer<typeof SealedPlan>;
export type SealInputs = z.infer<typeof Inputs>;
export type PlanOptions = z.infer<typeof Options>;

const MOVED: Readonly<Record<keyof SealInputs, string>> = {
  fleet: 'the circuits (config/circuits.yaml)',
  settings: 'trainyard.yaml',
  component: 'the component or its code',
  environments: 'an environment file',
  data: 'the data of a circuit',
  models: 'the good models or what is owed',
  base_commit: 'the base commit',
};

/** Digests of a plan's inputs: what `run --plan` compares. */
export function sealInputs(
  plan: Plan,
  facts: {
    readonly fleet: Fleet;
    readonly settings: unknown;
    readonly component: string;
    readonly environments: readonly string[];
  },
): SealInputs {
  const by = (pick: (c: Plan['circuits'][number]) => string): string =>
    sha256(plan.circuits.map(pick).join('\n'));
  return {
    // Also what no hash covers: names, tags, environments. The line that a circuit stands on does not count.
    fleet: sha256(
      by((c) => `${c.id} ${c.training_hash}`) +
        facts.fleet.circuits.map((c) => canonicalJson({ ...settingsOf(c), line: 0 })).join('\n'),
    ),
    settings: sha256(canonicalJson(facts.settings)),
    component: facts.component,
    environments: sha256(facts.environments.join('\n')),
    data: by((c) => `${c.id} ${c.inputs_digest}`),
    models: by((c) => `${c.id} ${c.previous_hash ?? ''} ${c.action} ${c.cause}`),
    base_commit: plan.detection.mode === 'git' ? plan.detection.base_commit : null,
  };
}

/** The seal is a digest over all of it. */
export function sealPlan(
  sealed_at: string,
  plan: Pick<Plan, 'plan_id' | 'pins' | 'circuits' | 'summary'>,
  options: PlanOptions,
  inputs: SealInputs,
): SealedPlan {
  const body = {
    kind: 'trainyard-plan' as const,
    format: 1 as const,
    plan_id: plan.plan_id,
    sealed_at,
    options,
    pins: { ...plan.pins },
    inputs,
    circuits: plan.circuits.map(({ id, action, cause, training_hash, inputs_digest }) => ({
      id,
      action,
      cause,
      training_hash,
      inputs_digest,
    })),
    summary: plan.summary,
  };
  return { ...body, seal: sha256(canonicalJson(body)) };
}

/** Writes a sealed plan whole. */
export const writeSealedPlan = (file: string, sealed: SealedPlan): Promise<void> =>
  writeFileWhole(file, `${JSON.stringify(sealed, null, 1)}\n`);

/**
 * @throws NotFoundError, UsageError when the file is missing or no sealed plan
 * @throws ConflictError when it was edited after it was sealed
 */
export async function readSealedPlan(file: string): Promise<SealedPlan> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new NotFoundError(`The sealed plan ${file} cannot be read.`, {
      hint: 'Write one with `trainyard plan -o FILE`.',
      cause: error,
    });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not a sealed plan: it is not JSON.`, {
      hint: 'Write one with `trainyard plan -o FILE`.',
      cause: error,
    });
  }
  return checkSealedPlan(file, value);
}

/**
 * A sealed plan out of what was read from `file`.
 * @throws UsageError when it is none
 * @throws ConflictError when it was edited after it was sealed
 */
export function checkSealedPlan(file: string, value: unknown): SealedPlan {
  const parsed = SealedPlan.safeParse(value);
  if (!parsed.success) {
    throw new UsageError(`${file} is not a sealed plan that this Trainyard knows.`, {
      hint: 'Write one with `trainyard plan -o FILE`.',
      cause: parsed.error,
    });
  }
  const { seal, ...body } = parsed.data;
  if (sha256(canonicalJson(body)) !== seal) {
    throw new ConflictError(`${file} was edited after it was sealed.`, {
      hint: 'Make a new plan: `trainyard plan -o FILE`.',
    });
  }
  return parsed.data;
}

/** What moved since a plan was sealed, in words; empty: it holds. */
export function whatMoved(
  sealed: Pick<SealedPlan, 'inputs'>,
  now: SealInputs,
): { key: string; what: string }[] {
  const keys = Object.keys(MOVED) as (keyof SealInputs)[];
  return keys.filter((key) => sealed.inputs[key] !== now[key]).map((key) => ({ key, what: MOVED[key] }));
}

/** @throws ConflictError naming everything that moved since the plan was sealed */
export function refuseIfMoved(file: string, sealed: SealedPlan, now: SealInputs): void {
  const moved = whatMoved(sealed, now);
  // A changed component or a changed version in the fleet also changes what the circuits want: name the cause, not its echo.
  if (moved.length === 0) return;
  throw new ConflictError(
    `The sealed plan ${file} is stale: ${moved.map((m) => m.what).join(', ')} changed since ${sealed.sealed_at}.`,
    {
      hint: 'Look at the difference with `trainyard plan`, then seal a new plan with `trainyard plan -o FILE`.',
      details: { moved: moved.map((m) => m.key) },
    },
  );
}
