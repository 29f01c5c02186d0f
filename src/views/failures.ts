import { z } from 'zod';
import type { Project } from '../app.ts';
import { FAILURE_CLASSES } from '../jobs/index.ts';
import { failuresOfRun, retryableNow } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';

export const FailureGroupView = z
  .object({
    number: z.int().meta({ description: 'What a retry by group means.' }),
    class: z.enum(FAILURE_CLASSES),
    signature: z.string(),
    title: z.string(),
    advice: z.string(),
    count: z.int(),
    circuits: z.array(z.string()),
    jobs: z.array(z.string()).meta({ description: 'The failed job of each circuit.' }),
    sample: z.array(z.string()),
    systematic: z.boolean().meta({ description: 'The same error across circuits.' }),
  })
  .meta({ id: 'FailureGroup', description: 'Failures of one cause.' });

/** What failed in a run and was not mended, by cause. */
export const FailuresView = z
  .object({
    run: z.int(),
    failed: z.int(),
    groups: z.array(FailureGroupView),
    retryable: z.array(z.string()).meta({ description: 'Circuits that a retry would take now.' }),
  })
  .meta({ id: 'Failures' });
export type FailuresView = z.infer<typeof FailuresView>;

export async function failuresView(project: Pick<Project, 'store'>, run: Run): Promise<FailuresView> {
  const { groups, jobs } = await failuresOfRun(project.store.db, run);
  return {
    run: run.number,
    failed: jobs.size,
    groups: groups.map((g) => ({
      ...g,
      circuits: [...g.circuits],
      sample: [...g.sample],
      jobs: g.circuits.map((id) => jobs.get(id)?.name ?? id),
    })),
    retryable: await retryableNow(project, run),
  };
}
