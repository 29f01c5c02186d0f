import { z } from 'zod';
import type { Project } from '../app.ts';
import type { ProjectConfig } from '../config/index.ts';
import { JobStatus, metricsOf } from '../jobs/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { scriptParams } from '../pipelines/index.ts';
import type { Run, ScriptJobParams } from '../pipelines/index.ts';
import type { ScriptJob } from '../scripts/index.ts';
import type { Db } from '../store/index.ts';
import { Time } from './fields.ts';

const Takes = z.boolean();

const ScriptFields = z.object({
  id: z.string().meta({ description: 'Unique; names its log, `logs/<id>.log`.' }),
  name: z.string(),
  script: z.string().meta({ description: 'Its path from the project.' }),
  output: z.string().meta({ description: 'Its folder below `results/`.' }),
  optional: z.boolean().meta({ description: 'Its failure fails nothing else.' }),
});

/** A training script that there is, as `trainyard scripts --list --json` shows it. */
export const ScriptView = ScriptFields.extend({
  supports: z
    .object({ epochs: Takes, folds: Takes, sample: Takes, batch: Takes, output_dir: Takes })
    .meta({ description: 'Which of the common settings it takes.' }),
  takes: z.array(z.string()).meta({ description: 'The same, as it spells them.' }),
  flags: z.array(z.string()).meta({ description: 'All options that it declares, as it spells them.' }),
  flags_known: z.boolean().meta({ description: 'False where its source cannot be parsed.' }),
  args: z.array(z.string()).meta({ description: 'Arguments of its own.' }),
  reason: z.string().meta({ description: 'Where it comes from.' }),
  copies: z.array(z.string()).meta({ description: 'Other paths with the same content, which are not run.' }),
}).meta({ id: 'Script', description: 'A training script.' });
export type ScriptView = z.infer<typeof ScriptView>;

export const scriptView = ({ supports, swept: _swept, ...job }: ScriptJob): ScriptView => ({
  id: job.id,
  name: job.name,
  script: job.script,
  output: job.output,
  optional: job.optional,
  supports: {
    epochs: supports.epochs !== null,
    folds: supports.folds !== null,
    sample: supports.sample !== null,
    batch: supports.batch !== null,
    output_dir: supports.output_dir !== null,
  },
  takes: Object.values(supports).filter((flag) => flag !== null),
  flags: [...job.flags],
  flags_known: job.flags_known,
  args: [...job.args],
  reason: job.reason,
  copies: [...job.copies],
});

/** Jobs that a preview names one by one. */
const MOST_SHOWN = 200;

/** How scripts run: what was asked, and for the rest what stands in trainyard.yaml. */
const ScriptsHow = z
  .object({
    parallel: z.boolean(),
    max_workers: z.int().meta({ description: 'How many at once.' }),
    order: z.enum(['longest', 'discovery']),
    retries: z.int().meta({ description: 'Further attempts after a failure.' }),
    timeout_s: z.number().nullable().meta({ description: 'Per attempt; null: no limit.' }),
    memory_limit_mib: z.number().nullable().meta({ description: 'Per job; null: no limit.' }),
    gpus: z.array(z.string()),
    gpus_per_job: z.int(),
    allow_partial_success: z.boolean(),
    mark_discovered_optional: z.boolean(),
    no_auto_discover: z.boolean(),
    allow_discovery_overrides: z.boolean(),
    config: z.string().nullable().meta({ description: 'The file of jobs; null: none.' }),
  })
  .meta({ id: 'ScriptsHow' });
type ScriptsHow = z.infer<typeof ScriptsHow>;

/** What a call that starts scripts would make. */
export const ScriptPreview = z
  .object({
    total: z.int().meta({ description: 'How many jobs.' }),
    jobs: z
      .array(
        ScriptFields.extend({
          parameters: z.record(z.string(), z.string()).meta({ description: 'What it is given, by name.' }),
          command: z.array(z.string()),
        }),
      )
      .meta({ description: `The first ${MOST_SHOWN} of them.` }),
    parameters: z.array(z.string()).meta({ description: 'Names that at least one of these has.' }),
    resumed: z.int().meta({ description: 'Left out, because an interrupted run had finished them.' }),
    how: ScriptsHow,
  })
  .meta({ id: 'ScriptPreview', description: 'What would be run.' });
export type ScriptPreview = z.infer<typeof ScriptPreview>;

export function scriptPreview({
  jobs,
  resumed,
  settings,
  resources,
}: {
  readonly jobs: readonly ScriptJobParams[];
  readonly resumed: readonly ScriptJobParams[];
  readonly settings: ProjectConfig['scripts'];
  readonly resources: Resources;
}): ScriptPreview {
  const shown = jobs.slice(0, MOST_SHOWN);
  return {
    total: jobs.length,
    jobs: shown.map(({ id, name, script, output, optional, parameters, command }) => ({
      id,
      name,
      script,
      output,
      optional,
      parameters: { ...parameters },
      command: [...command],
    })),
    parameters: namesIn(shown.map((job) => job.parameters)),
    resumed: resumed.length,
    how: howOf(settings, resources),
  };
}

/** What of the machine the scripts would use. */
interface Resources {
  readonly max_workers: number;
  readonly gpus: readonly string[];
  readonly gpus_per_job: number;
}

const howOf = (settings: ProjectConfig['scripts'], resources: Resources): ScriptsHow => ({
  parallel: settings.parallel === true,
  max_workers: resources.max_workers,
  order: settings.order ?? 'longest',
  retries: settings.retries ?? 0,
  timeout_s: settings.timeout ?? null,
  memory_limit_mib: settings.jobs_memory_limit ?? null,
  gpus: [...resources.gpus],
  gpus_per_job: resources.gpus_per_job,
  allow_partial_success: settings.allow_partial_success === true,
  mark_discovered_optional: settings.mark_discovered_optional === true,
  no_auto_discover: settings.no_auto_discover === true,
  allow_discovery_overrides: settings.allow_discovery_overrides === true,
  config: settings.config ?? null,
});

/** One job of a run of scripts: what it was given, and what came of it. */
export const ScriptResult = ScriptFields.extend({
  position: z.int().meta({ description: 'In the order in which they are started, from 0.' }),
  parameters: z.record(z.string(), z.string()).meta({ description: 'What it is given, by name.' }),
  command: z.array(z.string()),
  job: z.string().nullable().meta({ description: 'Name of its job; null: not written down yet.' }),
  status: JobStatus,
  attempt: z.int(),
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  duration_s: z.number().nullable().meta({ description: 'Of the last attempt.' }),
  exit_code: z.int().nullable(),
  message: z.string().nullable(),
  metrics: z.record(z.string(), z.number()).nullable(),
}).meta({ id: 'ScriptResult', description: 'One script of a run, with its settings and what came of it.' });
export type ScriptResult = z.infer<typeof ScriptResult>;

/** All jobs of a run of scripts, in the order in which they are started. */
export interface ScriptTable {
  readonly rows: readonly ScriptResult[];
  /** Names that at least one job has, sorted. */
  readonly parameters: readonly string[];
  readonly metrics: readonly string[];
  /** Ids of jobs that were left out, because an interrupted run had finished them. */
  readonly resumed: readonly string[];
}

/** @throws NotFoundError for a run that runs no scripts */
export async function scriptResults(
  { store: { db } }: Pick<Project, 'store'>,
  run: Run,
): Promise<ScriptTable> {
  if (run.pipeline !== 'scripts')
    throw new NotFoundError(`Run ${run.number} trains circuits and runs no scripts.`, {
      hint: `See its jobs with GET /api/v1/jobs?run=${run.number}.`,
    });
  const { jobs, resumed } = scriptParams(run);
  const states = await statesOf(db, run.id);
  const rows = jobs.map((job, position) =>
    resultOf(job, position, states.get(job.id), run.ended_at !== null),
  );
  return {
    rows,
    parameters: namesIn(rows.map((row) => row.parameters)),
    metrics: namesIn(rows.map((row) => row.metrics ?? {})),
    resumed: resumed.map((text) => text.slice(0, text.lastIndexOf(' '))),
  };
}

type State = Awaited<ReturnType<typeof statesOf>> extends Map<string, infer S> ? S : never;

async function statesOf(db: Db, run_id: string) {
  const rows = await db
    .selectFrom('jobs')
    .select(['circuit_id', 'name', 'status', 'attempt', 'running_at', 'ended_at', 'running_s'])
    .select(['exit_code', 'message', 'metrics'])
    .where('run_id', '=', run_id)
    .execute();
  return new Map(rows.map((row) => [row.circuit_id, row]));
}

function resultOf(
  job: ScriptJobParams,
  position: number,
  state: State | undefined,
  over: boolean,
): ScriptResult {
  return {
    id: job.id,
    name: job.name,
    script: job.script,
    output: job.output,
    optional: job.optional,
    position,
    parameters: job.parameters,
    command: job.command,
    job: state?.name ?? null,
    status: state === undefined ? (over ? 'canceled' : 'pending') : JobStatus.parse(state.status),
    attempt: state?.attempt ?? 1,
    started_at: state?.running_at ?? null,
    ended_at: state?.ended_at ?? null,
    duration_s: state?.running_s ?? null,
    exit_code: state?.exit_code ?? null,
    message: state?.message ?? null,
    metrics: state === undefined ? null : metricsOf(state),
  };
}

const namesIn = (records: readonly Readonly<Record<string, unknown>>[]): string[] =>
  [...new Set(records.flatMap((record) => Object.keys(record)))].toSorted();
