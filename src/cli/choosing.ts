import type { Project } from '../app.ts';
import { ConflictError, NotFoundError } from '../kernel/errors.ts';
import { listApprovals, subjectsWith } from '../gates/index.ts';
import { failuresOfRun } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';

/** The circuits that a retry by group or by name means; null: all that failed. */
export async function circuitsToRetry(
  project: Project,
  run: Run,
  flags: { readonly group?: readonly number[]; readonly circuits?: readonly string[] },
): Promise<string[] | null> {
  const chosen = new Set(flags.circuits);
  if (flags.group !== undefined) {
    const { groups } = await failuresOfRun(project.store.db, run);
    for (const number of flags.group) {
      const group = groups.find((g) => g.number === number);
      if (group === undefined)
        throw new NotFoundError(`Run ${run.number} has no group ${number} of failures.`, {
          hint:
            groups.length === 0
              ? 'It has no failures that are not mended.'
              : `It has ${groups.length}: see them with \`trainyard failures ${run.number}\`.`,
        });
      // Of a cause, some may have been decided on or failed again: what is open is meant.
      const open = await openCircuits(project, run);
      const meant = open === null ? group.circuits : group.circuits.filter((id) => open.has(id));
      if (meant.length === 0)
        throw new ConflictError(`All of group ${number} of run ${run.number} is decided already.`, {
          hint: 'See what is open with `trainyard approvals`.',
        });
      for (const id of meant) chosen.add(id);
    }
  }
  return flags.group === undefined && flags.circuits === undefined ? null : [...chosen];
}

/** What the open request at the retry gate still asks about; null: there is none. */
async function openCircuits(project: Project, run: Run): Promise<ReadonlySet<string> | null> {
  const { db } = project.store;
  const waiting = await listApprovals(db, { run_id: run.id, status: 'waiting', limit: 50 });
  const open = waiting.find((a) => a.gate === 'training-retry');
  return open === undefined ? null : new Set(await subjectsWith(db, open.id, 'pending'));
}
