import { z } from 'zod';
import type { Project } from '../app.ts';
import { LastPrune, PruneItem, PruneReport, PruneRequest, lastPrune, prunesDue } from '../pipelines/index.ts';
import { Time } from './fields.ts';
import { isServed } from './schedule.ts';

const Seconds = z.number().nullable();

export const RetentionView = z
  .object({
    retention: z
      .object({ models_s: Seconds, logs_s: Seconds, runs_s: Seconds })
      .meta({ description: 'For how long things stay, as trainyard.yaml says; null: for ever.' }),
    served: z.boolean().meta({ description: 'Whether a process runs that goes through once a day.' }),
    pruned_at: Time.nullable().meta({ description: 'When it last went through; null: never.' }),
    asked: PruneRequest.nullable().meta({ description: 'What somebody asked for and is not done yet.' }),
    last: LastPrune.nullable(),
  })
  .meta({ id: 'Retention', description: 'What is kept for how long, and when the rest went.' });
export type RetentionView = z.infer<typeof RetentionView>;

/** What would go now. */
export const PrunePreview = z
  .object({
    report: PruneReport,
    items: z.array(PruneItem).meta({ description: 'The first of what would go or is kept, as asked for.' }),
    more: z.int().meta({ description: 'How many more there are.' }),
  })
  .meta({ id: 'PrunePreview', description: 'What retention would remove.' });
export type PrunePreview = z.infer<typeof PrunePreview>;

export async function retentionView(project: Project): Promise<RetentionView> {
  const { db } = project.store;
  // In this order: what was asked for is nowhere between the two.
  const due = await prunesDue(db);
  const [last, served] = await Promise.all([lastPrune(db), isServed(project)]);
  return { retention: project.config.retention, served, ...due, last };
}
