import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { serving } from '../helpers/serving.ts';
import { HOOK_POINTS } from './points.ts';

const SETTINGS = `hooks:
  arrived: {sender: bearer, secret: "\${env:KEY}", run: {approve: [all]}}
`;
const KEY = 'a-secret-that-is-shared';

/** As the sender does, which sends again what was not answered. */
async function call(url: string): Promise<{ again: boolean } | null> {
  const answer = await fetch(`${url}/hooks/arrived`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${KEY}`, 'idempotency-key': 'one' },
  }).catch(() => null);
  return answer === null ? null : ((await answer.json()) as { again: boolean });
}

const books = (project: TestProject) =>
  project.rows(async ({ db }) => ({
    calls: (await db.selectFrom('hook_deliveries').select(['outcome', 'run_number']).execute()).map(
      (d) => `${d.outcome} ${d.run_number}`,
    ),
    runs: (
      await db
        .selectFrom('runs')
        .select(['number', 'status', 'requested_by'])
        .where('parent_run_id', 'is', null)
        .execute()
    ).map((r) => `${r.number} ${r.status} ${r.requested_by}`),
    events: (
      await db.selectFrom('events').select('type').where('type', 'like', 'hook.%').orderBy('seq').execute()
    ).map((e) => e.type),
    jobs: (await db.selectFrom('jobs').select('circuit_id').orderBy('circuit_id').execute()).map(
      (j) => j.circuit_id,
    ),
  }));

describe('a hook whose server is killed', () => {
  it.each(HOOK_POINTS)(
    'at %s has started one run, once it is called again and served again',
    async (point) => {
      await using project = TestProject.create({ circuits: ['kiln_1', 'kiln_2'], settings: SETTINGS });
      const first = await serving(project, [], { env: { KEY, TRAINYARD_FAULT: point } });
      const told = await call(first.url);
      expect((await first.process.ended).signal).toBe('SIGKILL');
      const second = await serving(project, [], { env: { KEY } });
      // Whoever was answered does not call again.
      if (told === null) expect(await call(second.url)).toMatchObject({ again: true });
      second.process.kill('SIGTERM');
      expect((await second.process.ended).code).toBe(0);
      await project.ok(['worker', '--until-idle'], { env: { KEY } });
      expect(await books(project)).toEqual({
        calls: ['started 1'],
        runs: ['1 succeeded hook:arrived'],
        events: ['hook.received', 'hook.fired'],
        jobs: ['kiln_1', 'kiln_2'],
      });
    },
  );
});
