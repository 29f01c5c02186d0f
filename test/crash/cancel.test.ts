import { describe, expect, it } from 'vitest';
import { ledger } from '../../src/providers/simulated/index.ts';
import { verifyAudit } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import { CANCEL_POINTS } from './whole-run.ts';

const CIRCUITS = ['kiln_1', 'kiln_2', 'kiln_3'];

describe.each(CANCEL_POINTS)('a cancel that is killed at %s', (point) => {
  it('is finished by the next process; what was canceled is trained by the next run, once', async () => {
    await using project = TestProject.create({ circuits: CIRCUITS });
    const run = project.start(['run', '--approve', 'all', '--speed', '1', '--duration', '600s']);
    await run.says(/MonitorTraining started/);
    run.kill('SIGKILL');
    await run.ended;
    const killed = await project.trainyard(['runs', 'cancel', '1'], { env: { TRAINYARD_FAULT: point } });
    expect(killed.signal).toBe('SIGKILL');
    // Whoever drives next, ends it; asked again it is harmless.
    await project.ends(130, ['run', '--resume']);
    await project.ok(['runs', 'cancel', '1']);
    const first = await project.rows(async ({ db, folder }) => {
      const { id, status } = await db.selectFrom('runs').select(['id', 'status']).executeTakeFirstOrThrow();
      expect(status).toBe('canceled');
      expect((await db.selectFrom('jobs').select('status').execute()).map((j) => j.status)).toEqual(
        CIRCUITS.map(() => 'canceled'),
      );
      return ledger(folder, id);
    });
    expect(first.filter((entry) => entry.started > 1)).toEqual([]);
    await project.ok(['run', '--approve', 'all']);
    await project.rows(async ({ db }) => {
      const { n } = await db
        .selectFrom('events')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('type', '=', 'run.canceled')
        .executeTakeFirstOrThrow();
      expect(n).toBe(1);
      expect(await verifyAudit(db)).toMatchObject({ ok: true });
      const models = await db
        .selectFrom('model_versions')
        .select('registry')
        .where('registry', '=', 'dev')
        .execute();
      expect(models).toHaveLength(3);
    });
  });
});
