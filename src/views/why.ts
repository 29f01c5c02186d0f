import { z } from 'zod';
import type { Project } from '../app.ts';
import { JobStatus, lastJobs } from '../jobs/index.ts';
import { goodModel } from '../registry/index.ts';
import { Time } from './fields.ts';
import { PlannedCircuitView } from './plan.ts';

/** What a plan says of one circuit, with what it was compared with. */
export const WhyView = PlannedCircuitView.extend({
  file: z.string().meta({ description: 'Where the circuit is declared; `line` is the line.' }),
  good_model: z
    .object({
      circuit_id: z.string(),
      model_name: z.string(),
      version: z.int(),
      training_hash: z.string(),
      inputs_digest: z.string().meta({ description: 'Empty: it is not known.' }),
      created_at: Time,
      accepted: z
        .object({
          hash: z.string(),
          digest: z.string(),
          reason: z.string(),
          by: z.string(),
          at: Time,
        })
        .nullable()
        .meta({ description: 'What it was accepted to stand for.' }),
    })
    .nullable(),
  last_job: z
    .object({
      circuit_id: z.string(),
      name: z.string(),
      status: JobStatus,
      message: z.string().nullable(),
      training_hash: z.string(),
      inputs_digest: z.string(),
      run_id: z.string(),
      run_number: z.int(),
      run_over: z.boolean(),
      settled: z.boolean().meta({ description: 'Its run will not ask about it any more.' }),
    })
    .nullable(),
}).meta({ id: 'Why', description: 'What a plan says of one circuit, and what it was compared with.' });
export type WhyView = z.infer<typeof WhyView>;

export async function whyView(
  { store: { db } }: Pick<Project, 'store'>,
  planned: PlannedCircuitView,
  file: string,
): Promise<WhyView> {
  const [good_model, jobs] = await Promise.all([goodModel(db, planned.id), lastJobs(db, [planned.id])]);
  return { ...planned, file, good_model, last_job: jobs.get(planned.id) ?? null };
}
