import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** Versions that open runs made, or that an open request shows; by `model:version`. */
export async function versionsInHand(
  db: Db,
  versions: readonly { readonly model_name: string; readonly version: number; readonly run_id: string }[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const some of batches(versions)) {
    const open = await db
      .selectFrom('runs')
      .select(['id', 'number'])
      .where('id', 'in', [...new Set(some.map((version) => version.run_id))])
      .where('ended_at', 'is', null)
      .execute();
    const numbers = new Map(open.map((run) => [run.id, run.number]));
    const shown = await db
      .selectFrom('approval_subjects as subject')
      .innerJoin('approvals', 'approvals.id', 'subject.approval_id')
      .select(['subject.subject', 'approvals.id'])
      .where('approvals.status', '=', 'waiting')
      .where(
        'subject.subject',
        'in',
        some.map((version) => `${version.model_name}:${version.version}`),
      )
      .execute();
    const requests = new Map(shown.map((row) => [row.subject, row.id]));
    for (const version of some) {
      const ref = `${version.model_name}:${version.version}`;
      const run = numbers.get(version.run_id);
      const request = requests.get(ref);
      if (run !== undefined) found.set(ref, `made by run ${run}, which is open`);
      else if (request !== undefined) found.set(ref, `shown by the open request ${request}`);
    }
  }
  return found;
}
