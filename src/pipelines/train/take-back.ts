import { closeApprovals } from '../../gates/index.ts';
import type { StageContext } from '../pipeline.ts';

/** Nobody needs to decide any more; what was open counts as held. */
export async function takeBackRequests({ run, stage, tx, now }: StageContext): Promise<void> {
  await tx((t) => closeApprovals(t, now(), { run_id: run.id, stage: stage.name }, 'canceled'));
}
