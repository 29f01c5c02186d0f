import { z } from 'zod';
import type { Project } from '../app.ts';
import { CAUSES, CIRCUIT_STATES } from '../fleet/index.ts';
import type { CircuitStanding } from '../fleet/index.ts';
import { JobStatus, newestJobs } from '../jobs/index.ts';
import { metricsOf, refText, versionsOfCircuits } from '../registry/index.ts';
import type { CircuitVersionRow, ReportedVersion } from '../registry/index.ts';
import { Time } from './fields.ts';

export const FleetProblem = z
  .object({
    message: z.string(),
    hint: z.string().nullable(),
    problems: z.array(
      z.object({
        file: z.string(),
        line: z.int().nullable(),
        column: z.int().nullable(),
        path: z.string(),
        message: z.string(),
        hint: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'FleetProblem', description: 'Why the fleet cannot be looked at, as its files are now.' });
export type FleetProblem = z.infer<typeof FleetProblem>;

/** What every answer about the whole fleet says of its own age. */
const Age = z.object({
  at: Time.nullable().meta({ description: 'When the fleet was looked at; null: it is being read.' }),
  refreshing: z.boolean().meta({ description: 'True: a newer look is being taken.' }),
  problem: FleetProblem.nullable().meta({ description: 'Why no newer look was possible.' }),
});

const Counts = z
  .object({
    good: z.int(),
    stale: z.int(),
    owed: z.int(),
    failed: z.int(),
    training: z.int(),
    waiting: z.int(),
    new: z.int(),
  })
  .meta({ description: 'Circuits by state.' });

/** The whole fleet on one board. */
export const FleetBoard = Age.extend({
  states: z.array(z.enum(CIRCUIT_STATES)).meta({ description: 'What the second number of a circuit means.' }),
  causes: z.array(z.enum(CAUSES)).meta({ description: 'What the third one means.' }),
  counts: Counts,
  plants: z.array(
    z.object({
      plant_id: z.string(),
      circuits: z
        .array(z.tuple([z.string(), z.int(), z.int()]))
        .meta({ description: '`[circuit_id, state, cause]`.' }),
    }),
  ),
}).meta({ id: 'FleetBoard', description: 'Every circuit with its state, compactly.' });

export const LastGood = z.object({
  version: z.int(),
  run: z.int().nullable().meta({ description: 'Null: that run is gone.' }),
  created_at: Time,
  metrics: z.record(z.string(), z.number()),
});

export const CircuitRow = z
  .object({
    id: z.string(),
    plant_id: z.string(),
    circuit_id: z.string(),
    model_name: z.string(),
    state: z.enum(CIRCUIT_STATES),
    cause: z.enum(CAUSES),
    reason: z.string().meta({ description: 'A sentence for people.' }),
    last_good: LastGood.nullable(),
    last_job: z.object({ name: z.string(), status: JobStatus, run: z.int() }).nullable(),
    owed_since: Time.nullable().meta({
      description: 'Since when it is known to be without the model it wants.',
    }),
    trend: z
      .object({ metric: z.string(), values: z.array(z.number()) })
      .nullable()
      .meta({
        description: 'One metric over the last versions, oldest first; null: not asked for, or none.',
      }),
  })
  .meta({ id: 'CircuitRow', description: 'How one circuit stands.' });
export type CircuitRow = z.infer<typeof CircuitRow>;

export const CircuitPage = Age.extend({
  items: z.array(CircuitRow),
  next: z.string().nullable(),
  total: z.int().meta({ description: 'How many match in all.' }),
});

const CircuitJob = z.object({
  id: z.string(),
  name: z.string(),
  status: JobStatus,
  run: z.int(),
  retry: z.boolean(),
  attempt: z.int(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  training_hash: z.string(),
  created_at: Time,
  ended_at: Time.nullable(),
  running_s: z.number().nullable(),
});

export const CircuitVersion = z.object({
  model_name: z.string(),
  version: z.int(),
  created_at: Time,
  run: z.int().nullable(),
  metrics: z.record(z.string(), z.number()),
  training_hash: z.string(),
  withdrawn: z.boolean(),
  pr: z.boolean(),
});
export type CircuitVersion = z.infer<typeof CircuitVersion>;

/** One circuit with all that its page shows. */
export const CircuitView = CircuitRow.extend({
  at: Time.nullable(),
  settings: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'After defaults; null: still being read.' }),
  why: z.object({
    cause: z.enum(CAUSES),
    reason: z.string(),
    line: z.int().meta({ description: 'Where it stands in circuits.yaml.' }),
    training_hash: z.string(),
    inputs_digest: z.string(),
    previous_hash: z.string().nullable().meta({ description: 'Of its good model.' }),
    changes: z
      .array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() }))
      .nullable()
      .meta({ description: 'Null: still being read.' }),
  }),
  history: z.array(CircuitVersion).meta({ description: 'Its last hundred versions, oldest first.' }),
  jobs: z.array(CircuitJob).meta({ description: 'Its last twenty jobs, newest first.' }),
}).meta({ id: 'Circuit', description: 'A circuit: how it stands, why, its versions and jobs.' });
export type CircuitView = z.infer<typeof CircuitView>;

/** A standing whose settings and changes may not be known yet. */
type Standing = Omit<CircuitStanding, 'settings' | 'changes'> &
  Partial<Pick<CircuitStanding, 'settings' | 'changes'>>;

/** Versions that a sparkline shows. */
const TREND = 20;

/** Rows of a page: what was found out of these circuits, with their models and jobs as they are now. */
export async function circuitRows(
  { store: { db }, config }: Pick<Project, 'store' | 'config'>,
  circuits: readonly Standing[],
  options: {
    /** A metric, or `auto`: that of the first quality rule, else the first there is. */
    readonly trend: string | null;
  },
): Promise<CircuitRow[]> {
  const ids = circuits.map((c) => c.id);
  const good = await metricsOf(
    db,
    circuits.flatMap((c) => (c.good === null ? [] : [{ model_name: c.model_name, version: c.good.version }])),
  );
  const jobs = await newestJobs(db, ids);
  const versions =
    options.trend === null
      ? new Map<string, CircuitVersionRow[]>()
      : await versionsOfCircuits(db, ids, TREND);
  const preferred =
    options.trend === 'auto' ? config.quality.map((rule) => rule.metric) : [options.trend ?? ''];
  return circuits.map(({ id, plant_id, circuit_id, model_name, state, cause, reason, owed_since, ...c }) => {
    const known = c.good === null ? undefined : good.get(refText({ model_name, version: c.good.version }));
    return {
      id,
      plant_id,
      circuit_id,
      model_name,
      state,
      cause,
      reason,
      last_good:
        c.good === null ? null : { ...c.good, run: known?.run ?? null, metrics: known?.metrics ?? {} },
      last_job: jobs.get(id) ?? null,
      owed_since,
      trend: trendOf(versions.get(id) ?? [], preferred, options.trend === 'auto'),
    };
  });
}

/** Of versions that count: not withdrawn, and made by no pull request. */
export function trendOf(
  versions: readonly ReportedVersion[],
  preferred: readonly string[],
  any: boolean,
): CircuitRow['trend'] {
  const counting = versions.filter((v) => !v.withdrawn && !v.pr);
  const names = new Set(counting.flatMap((v) => Object.keys(v.metrics)));
  const metric = preferred.find((name) => names.has(name)) ?? (any ? [...names].toSorted()[0] : undefined);
  if (metric === undefined) return null;
  return { metric, values: counting.flatMap((v) => v.metrics[metric] ?? []) };
}

/** Everything about one circuit. */
export async function circuitView(
  project: Pick<Project, 'store' | 'config'>,
  circuit: Standing,
  at: string | null,
): Promise<CircuitView> {
  const { db } = project.store;
  const [row] = await circuitRows(project, [circuit], { trend: 'auto' });
  if (row === undefined) throw new TypeError(`Circuit ${circuit.id} has no row.`);
  const history = (await versionsOfCircuits(db, [circuit.id], 100)).get(circuit.id) ?? [];
  const jobs = await db
    .selectFrom('jobs')
    .crossJoin('runs')
    .whereRef('runs.id', '=', 'jobs.run_id')
    .where('jobs.circuit_id', '=', circuit.id)
    .where('runs.pipeline', '=', 'train')
    .select([
      'jobs.id',
      'jobs.name',
      'jobs.status',
      'runs.number as run',
      'jobs.retry',
      'jobs.attempt',
      'jobs.reason',
      'jobs.message',
      'jobs.training_hash',
      'jobs.created_at',
      'jobs.ended_at',
      'jobs.running_s',
    ])
    .orderBy('jobs.created_at', 'desc')
    .orderBy('jobs.id', 'desc')
    .limit(20)
    .execute();
  const { cause, reason, line, training_hash, inputs_digest, previous_hash, changes, settings } = circuit;
  return {
    ...row,
    at,
    settings: settings === undefined ? null : Settings.parse(JSON.parse(settings)),
    why: {
      cause,
      reason,
      line,
      training_hash,
      inputs_digest,
      previous_hash,
      changes: changes?.map(({ field, before = null, after = null }) => ({ field, before, after })) ?? null,
    },
    history: history.map(({ circuit_id: _circuit, ...version }) => version),
    jobs: jobs.map((job) => ({ ...job, status: JobStatus.parse(job.status), retry: job.retry === 1 })),
  };
}

const Settings = z.record(z.string(), z.unknown());
