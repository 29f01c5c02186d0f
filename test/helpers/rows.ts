/** What the rows of a project say: for looks in between that would only repeat commands tested elsewhere. */
import type { TestProject } from './project.ts';

export interface Request {
  readonly id: string;
  readonly gate: string;
  readonly status: string;
}

/** Approval requests, newest first. */
export const requests = (
  project: TestProject,
  { all = false }: { all?: boolean } = {},
): Promise<readonly Request[]> =>
  project.rows(async ({ db }) => {
    const rows = await db
      .selectFrom('approvals')
      .select(['id', 'gate', 'status'])
      .orderBy('id', 'desc')
      .execute();
    return rows.filter((r) => all || r.status === 'waiting').map((r) => ({ ...r }));
  });

/** Id of the open request at a gate. */
export async function openRequest(project: TestProject, gate: string): Promise<string> {
  const found = (await requests(project)).find((r) => r.gate === gate);
  if (found === undefined) throw new Error(`Nothing waits at ${gate}.`);
  return found.id;
}

/** Statuses of the newest run's stages. */
export const stagesOf = (project: TestProject): Promise<Record<string, string>> =>
  project.rows(async ({ db }) => {
    const run = await db
      .selectFrom('runs')
      .select('id')
      .where('parent_run_id', 'is', null)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    const stages = await db
      .selectFrom('stages')
      .select(['name', 'status'])
      .where('run_id', '=', run.id)
      .execute();
    return Object.fromEntries(stages.map((s) => [s.name, s.status]));
  });

/** Names of the models in the shared registry, one for each version. */
export const sharedModels = (project: TestProject): Promise<string[]> =>
  project.rows(async ({ db }) => {
    const rows = await db
      .selectFrom('model_versions')
      .select('model_name')
      .where('registry', '=', 'shared')
      .orderBy('model_name')
      .execute();
    return rows.map((r) => r.model_name);
  });

/** The newest job of each circuit. */
export const jobStatuses = (project: TestProject): Promise<Record<string, string>> =>
  project.rows(async ({ db }) => {
    const jobs = await db.selectFrom('jobs').select(['circuit_id', 'status']).orderBy('id').execute();
    return Object.fromEntries(jobs.map((j) => [j.circuit_id, j.status]));
  });
