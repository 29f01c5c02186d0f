import type { Project } from '../app.ts';
import { NotFoundError } from '../kernel/errors.ts';
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
      for (const id of group.circuits) chosen.add(id);
    }
  }
  return flags.group === undefined && flags.circuits === undefined ? null : [...chosen];
}
