import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];
const REHEARSE = ['run', '--provider', 'simulated', '--speed', '100000'];

const Models = z.object({ models: z.array(z.object({ model_name: z.string(), registry: z.string() })) });
const modelsIn = async (project: TestProject, registry: string): Promise<string[]> =>
  Models.parse((await project.ok(['models', 'list', '--registry', registry, '--json'])).json())
    .models.map((m) => m.model_name)
    .toSorted();

const Planned = z.object({
  circuits: z.array(z.object({ id: z.string(), action: z.string(), cause: z.string() })),
});
const planned = async (project: TestProject): Promise<string[]> =>
  Planned.parse((await project.ok(['plan', '--json'])).json()).circuits.map(
    (c) => `${c.id} ${c.action} ${c.cause}`,
  );

describe('a rehearsal in a project that trains for real', () => {
  it('goes the whole way and leaves the project as it was: models, owed work, environments, names', async () => {
    await using project = TestProject.create({ circuits: THREE, provider: 'local' });
    const before = await planned(project);
    const rehearsed = await project.ok([...REHEARSE, '--approve', 'all']);
    expect(rehearsed.stderr).toContain('This is a rehearsal: nothing is trained');
    expect(rehearsed.stderr).toContain('Run 1 (rehearsal)');
    expect(await modelsIn(project, 'rehearsal-dev')).toEqual(['kiln-1', 'kiln-2', 'kiln-3']);
    expect(await modelsIn(project, 'rehearsal-shared')).toEqual(['kiln-1', 'kiln-2', 'kiln-3']);
    expect(await modelsIn(project, 'dev')).toEqual([]);
    expect(await modelsIn(project, 'shared')).toEqual([]);
    expect(await planned(project)).toEqual(before);

    // Failures of a rehearsal are not owed, and what waits at its gates is in nobody's way.
    await project.ends(9, [...REHEARSE, '--pr', '--fail', 'kiln_2']);
    await project.ends(11, [...REHEARSE, '--fail', 'kiln_2']);
    expect(await planned(project)).toEqual(before);

    const real = await project.ends(11, ['run', '--circuits', 'kiln_1', '--json']);
    // The environment is new to the real thing, and the job has the name that is its own.
    expect(real.json()).toMatchObject({
      rehearsal: false,
      jobs: { succeeded: 1 },
      approvals: [{ gate: 'registry-promotion' }, { gate: 'registry-promotion' }],
    });
    const jobs = z.object({ jobs: z.array(z.object({ name: z.string() })) });
    const names = jobs.parse((await project.ok(['jobs', 'list', '--run', '4', '--json'])).json()).jobs;
    expect(names.map((j) => j.name)).toEqual(['kiln_1_2026_03_31']);
    expect(await modelsIn(project, 'dev')).toEqual(['kiln-1']);
  });

  it('claims no version: the code may change before the real thing, and the next rehearsal', async () => {
    await using project = TestProject.create({ circuits: THREE, provider: 'local' });
    const waiting = await project.ends(11, REHEARSE);
    expect(waiting.stderr).toContain('Promote 3 models (rehearsal)');
    project.write('components/src/more.py', '# mended\n');
    await project.ok([...REHEARSE, '--approve', 'all']);
    project.write('components/src/more.py', '# mended again\n');
    expect((await planned(project)).every((line) => line.endsWith(' train new'))).toBe(true);
    await project.ok(['run', '--circuits', 'kiln_1', '--approve', 'all']);
    // Now it is taken, as for any other run.
    project.write('components/src/more.py', '# and again\n');
    expect((await project.ends(2, ['plan'])).stderr).toContain('is registered with other content');
  });

  it('stands before nothing when it was interrupted', async () => {
    await using project = TestProject.create({ circuits: THREE, provider: 'local' });
    const long = project.start(['run', '--provider', 'simulated', '--speed', '1', '--duration', '1h']);
    await long.says(/MonitorTraining started/);
    long.kill('SIGKILL');
    await long.ended;
    const real = await project.ok(['run', '--circuits', 'kiln_1', '--approve', 'all', '--json']);
    expect(real.json()).toMatchObject({ number: 2, rehearsal: false, status: 'succeeded' });
    expect((await project.ok(['runs', 'cancel', '1'])).stdout).toContain('Run 1 is canceled');
  });

  it('is refused before it is written down when its settings make no sense', async () => {
    await using project = TestProject.create({ circuits: THREE, provider: 'local' });
    expect((await project.ends(2, [...REHEARSE, '--fail', ':2'])).stderr).toContain(
      'cannot read the failure',
    );
    expect((await project.ends(2, ['run', '--provider', 'simulated', '--speed', '9999999'])).code).toBe(2);
    const unknown = await project.ends(2, [...REHEARSE, '--fail', 'kiln_9']);
    expect(unknown.stderr).toMatch(/no circuit is called kiln_9[^]*Did you mean kiln_1/);
    expect((await project.ends(2, ['run', '--provider', 'lcal'])).stderr).toContain('Did you mean local?');
    expect((await project.ok(['runs', '--json'])).json()).toMatchObject({ runs: [] });
    await project.ends(11, REHEARSE);
    const changed = await project.ends(2, ['run', '--resume', '1', '--fail', 'kiln_1']);
    expect(changed.stderr).toContain('A run keeps what it is rehearsed with');
  });

  it('begins with the real state, again and again', async () => {
    await using project = TestProject.create({ circuits: THREE, provider: 'local' });
    await project.ok(['run', '--circuits', 'kiln_1,kiln_2', '--approve', 'all']);
    for (const number of [2, 3]) {
      const run = await project.ok([...REHEARSE, '--approve', 'all', '--json']);
      expect(run.json()).toMatchObject({ number, rehearsal: true, jobs: { succeeded: 1 } });
    }
    expect(await modelsIn(project, 'dev')).toEqual(['kiln-1', 'kiln-2']);
    // Rejecting with --retrain takes nothing real out of use.
    await project.ends(11, [...REHEARSE, '--circuits', 'kiln_1']);
    const id = await openRequest(project, 'registry-promotion');
    await project.trainyard(['reject', id, '--retrain']);
    expect((await planned(project)).filter((line) => line.includes(' train '))).toEqual(['kiln_3 train new']);
  });
});

describe('what a run is rehearsed with', () => {
  it('holds in whichever process goes on with it', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run', '--fail', 'kiln_2', '--fail', 'kiln_3:1']);
    const retry = await openRequest(project, 'training-retry');
    // The retry begins in this process, which was told of no failures.
    await project.trainyard(['approve', retry]);
    const failed = z.object({ failed_circuits: z.array(z.string()) });
    expect(failed.parse((await project.ok(['runs', 'show', '1', '--json'])).json()).failed_circuits).toEqual([
      'kiln_2',
    ]);
  });
});
