import { z } from 'zod';
import { CAUSES, PlanDocument, groupByCause } from '../fleet/index.ts';
import type { Plan, PlanOptions } from '../fleet/index.ts';
import type { CheckResult } from '../jobs/index.ts';
import { Time } from './fields.ts';

const { circuits, guard, warnings, summary } = PlanDocument.shape;

/** What a plan says of one circuit, as `trainyard plan --json` has it. */
export const PlannedCircuitView = circuits.element.meta({
  id: 'PlannedCircuit',
  description: 'What a plan says of one circuit.',
});
export type PlannedCircuitView = z.infer<typeof PlannedCircuitView>;

const PlanGroup = z.object({
  group: z.int().meta({ description: 'Its place among the groups, to list its circuits by.' }),
  cause: z.enum(CAUSES),
  action: z.enum(['train', 'skip']),
  reason: z.string(),
  count: z.int(),
  circuits: z.array(z.string()).meta({ description: 'The first twenty.' }),
});

const PlanCheck = z.object({
  name: z.string(),
  ok: z.boolean(),
  message: z.string(),
  hint: z.string().nullable(),
});

/** A plan that the server keeps sealed for a day. */
export const PlanView = z
  .object({
    plan_id: z
      .string()
      .meta({ description: 'Of this plan here; it begins with the plan_id that a run of it has.' }),
    made_at: Time,
    made_by: z.string(),
    expires_at: Time.meta({ description: 'Until then it can be looked at and run, if nothing moves.' }),
    options: z.object({
      detection: z.enum(['auto', 'git', 'hash']),
      base_ref: z.string().nullable(),
      circuits: z.array(z.string()),
      if_changed: z.boolean(),
      include_failed: z.boolean(),
      allow_wide: z.string().nullable(),
    }),
    detection: z.object({
      mode: z.enum(['git', 'hash']),
      base_ref: z.string().nullable(),
      base_commit: z.string().nullable(),
    }),
    summary: summary.extend({ circuits: z.int(), owed: z.int() }).meta({
      description: '`owed`: among those that are left, what failed and is offered at a retry gate.',
    }),
    guard,
    groups: z.array(PlanGroup).meta({ description: 'By cause, at most two hundred.' }),
    more_groups: z.int().meta({ description: 'Groups beyond those.' }),
    warnings,
    preflight: z
      .array(PlanCheck)
      .meta({ description: 'What the provider says of itself: what would make jobs fail.' }),
  })
  .meta({ id: 'Plan', description: 'What the fleet owes at one moment, sealed.' });
export type PlanView = z.infer<typeof PlanView>;

/** Groups that are shown; a fleet in which every circuit has a reason of its own is read as a list. */
const MOST_GROUPS = 200;
const NAMED = 20;

export function planView(
  plan: Omit<Plan, 'pinned'>,
  facts: Pick<PlanView, 'plan_id' | 'made_at' | 'made_by' | 'expires_at'> & {
    readonly options: PlanOptions;
    readonly preflight: readonly CheckResult[];
  },
): PlanView {
  const groups = groupByCause(plan.circuits);
  return {
    ...facts,
    ...planParts(plan),
    preflight: facts.preflight.map(({ name, ok, message, hint }) => ({ name, ok, message, hint })),
    groups: groups.slice(0, MOST_GROUPS).map(({ circuits: ids, ...group }, i) => ({
      group: i,
      ...group,
      count: ids.length,
      circuits: ids.slice(0, NAMED),
    })),
    more_groups: Math.max(0, groups.length - MOST_GROUPS),
  };
}

/** What a plan says of itself as a whole. */
export function planParts(
  plan: Omit<Plan, 'pinned'>,
): Pick<PlanView, 'detection' | 'summary' | 'guard' | 'warnings'> {
  const { detection } = plan;
  return {
    detection: {
      mode: detection.mode,
      base_ref: detection.mode === 'git' ? detection.base_ref : null,
      base_commit: detection.mode === 'git' ? detection.base_commit : null,
    },
    summary: {
      ...plan.summary,
      circuits: plan.circuits.length,
      owed: plan.circuits.filter((c) => c.cause === 'owed_failed' && c.action === 'skip').length,
    },
    guard: plan.guard,
    warnings: plan.warnings.map((warning) => ({ ...warning })),
  };
}
