import { cpSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inNamespace, whyNoMounts } from '../helpers/mounts.ts';
import { TRAINS_WHEN_LET, TestProject } from '../helpers/project.ts';
import { runFacts } from '../helpers/run-facts.ts';
import { startsOf } from '../helpers/starts.ts';

const FOUR = ['kiln_1', 'kiln_2', 'kiln_3', 'kiln_4'];
const ONE_EACH = FOUR.map((id) => `${id.replace('_', '-')}:1`);
/** A model of 40 kB, no two alike. */
const LARGE = `
with open(os.path.join(out, 'weights.bin'), 'wb') as f:
    f.write(circuit.encode() * 8000)
write_model()`;

describe.skipIf(whyNoMounts !== null)(`a disk that is full (${whyNoMounts ?? 'as it can be here'})`, () => {
  it('while registering: says so, keeps trying, and registers each model once when there is room again', async () => {
    await using project = TestProject.create({
      circuits: FOUR,
      provider: 'local',
      train: LARGE,
      environment: false,
    });
    const wrapper = inNamespace(`
      mkdir -p .trainyard/registries && mount -t tmpfs -o size=100k tmpfs .trainyard/registries
      (while [ ! -e room ]; do sleep 0.05; done; mount -o remount,size=10m .trainyard/registries) &
      "$@"; code=$?; cp -a .trainyard/registries kept; exit $code`);
    const run = project.start(['run', '--approve', 'all'], { wrapper });
    await run.says(/Could not write .*registries\/dev.*ENOSPC.* The disk is full\. Free some space/);
    project.write('room', '');
    const ended = await run.ended;
    expect(ended.code, ended.stderr).toBe(0);
    // What was on the small disk is where everybody can see it.
    cpSync(project.path('kept'), project.path('.trainyard/registries'), { recursive: true });
    expect(await runFacts(project)).toMatchObject({
      runs: ['1 succeeded'],
      models: { dev: ONE_EACH, shared: ONE_EACH },
      jobs_without_one_version: [],
      damaged: [],
      leftovers: [],
      repeated_events: [],
    });
  });

  it('while registering: a run that is stopped meanwhile is resumed with nothing lost', async () => {
    await using project = TestProject.create({
      circuits: FOUR,
      provider: 'local',
      train: LARGE,
      environment: false,
    });
    const wrapper = inNamespace(
      'mkdir -p .trainyard/registries && mount -t tmpfs -o size=100k tmpfs .trainyard/registries && exec "$@"',
    );
    const run = project.start(['run', '--approve', 'all'], { wrapper });
    await run.says(/The disk is full/);
    run.kill('SIGINT');
    expect((await run.ended).code).toBe(130);
    await project.ok(['run', '--resume']);
    expect(await runFacts(project)).toMatchObject({
      models: { dev: ONE_EACH, shared: ONE_EACH },
      jobs_without_one_version: [],
      damaged: [],
    });
    expect(Object.values(startsOf(project.state))).toEqual([1, 1, 1, 1]);
  });

  // From a disk that takes next to nothing to one on which the database itself stops growing in the middle of the run.
  it.each([40, 250, 450, 700])(
    'of %i kB under the whole state folder: a clear error, and a run that goes on once there is room',
    async (size) => {
      await using project = TestProject.create({ circuits: FOUR, environment: false });
      const wrapper = inNamespace(`
      mkdir .trainyard && mount -t tmpfs -o size=${size}k tmpfs .trainyard
      timeout -s INT 12 "$@" > first.out 2> first.err; echo $? > first.code
      mount -o remount,size=20m .trainyard
      "$@"; code=$?; cp -a .trainyard kept; exit $code`);
      const second = await project.trainyard(['run', '--approve', 'all'], { wrapper });
      const first = project.read('first.err') + project.read('first.out');
      expect(first).not.toMatch(/^\s+at .+:\d+:\d+|fault in Trainyard/m);
      if (project.read('first.code').trim() !== '0') expect(first).toMatch(/disk is full/i);
      expect(second.code, second.stderr).toBe(0);
      cpSync(project.path('kept'), project.path('.trainyard'), { recursive: true });
      expect(await runFacts(project)).toMatchObject({
        open_stages: [],
        models: { dev: ONE_EACH, shared: ONE_EACH },
        jobs_without_one_version: [],
        damaged: [],
        repeated_events: [],
      });
    },
  );
});

describe.skipIf(whyNoMounts !== null)('a state folder that is read-only', () => {
  const wrapper = inNamespace(
    'mount --bind .trainyard .trainyard && mount -o remount,bind,ro .trainyard && exec "$@"',
  );

  it('refuses to run and says what to do', async () => {
    await using project = await TestProject.create({ circuits: FOUR }).trained();
    const refused = await project.ends(1, ['run'], { wrapper });
    expect(refused.stderr).toMatch(
      /The state folder cannot be written: .*\.trainyard.*\nhint: Make the folder writable/,
    );
  });

  it('can still be read: plan and lists work', async () => {
    await using project = await TestProject.create({ circuits: FOUR }).trained();
    expect((await project.ok(['plan', '--json'], { wrapper })).json()).toMatchObject({
      summary: { train: 0, skip: 4 },
    });
    expect((await project.ok(['models', '--json'], { wrapper })).json()).toMatchObject({
      models: [{}, {}, {}, {}],
    });
    expect((await project.ok(['runs'], { wrapper })).stdout).toContain('succeeded');
  });

  it('of a project that was never run still lets it be planned', async () => {
    await using project = TestProject.create({ circuits: FOUR });
    const all = inNamespace('mount --bind . . && mount -o remount,bind,ro . && cd . && exec "$@"');
    await project.ok(['plan', '--project', project.folder], { wrapper: all });
    const refused = await project.ends(1, ['run', '--project', project.folder], { wrapper: all });
    expect(refused.stderr).toMatch(/cannot be written|read-only/i);
  });
});

describe('a state folder', () => {
  it('of a newer version is refused by every command and left as it is', async () => {
    await using project = await TestProject.create({ circuits: ['kiln_1'] }).trained();
    const file = project.path('.trainyard/trainyard.db');
    const db = new DatabaseSync(file);
    db.exec(`update meta set value = '999' where key = 'schema_version'; pragma wal_checkpoint(truncate)`);
    db.close();
    const before = readFileSync(file);
    for (const args of [['run'], ['plan'], ['models'], ['approve', 'apr_1']]) {
      const refused = await project.ends(6, args);
      expect(refused.stderr).toMatch(
        /was written by a newer Trainyard \(schema 999; this one knows \d+\)[^]*hint: Update Trainyard/,
      );
    }
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('whose database is damaged is named, with what to do', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    project.write('.trainyard/trainyard.db', 'this is no database, whatever its name says. '.repeat(50));
    for (const args of [['run'], ['plan']]) {
      expect((await project.ends(1, args)).stderr).toMatch(
        /trainyard\.db is not a readable Trainyard store[^]*hint: Restore the file from a backup/,
      );
    }
  });
});

describe('a clock that jumps back', () => {
  it('by a day in the middle of a run: the run goes on, and every job is done once', async () => {
    await using project = TestProject.create({ circuits: FOUR, provider: 'local', train: TRAINS_WHEN_LET });
    project.write(
      'jump.mjs',
      `import { existsSync } from 'node:fs';
       const now = Date.now;
       let back = 0;
       setInterval(() => { if (existsSync('jump')) back = 86_400_000; }, 20).unref();
       Date.now = () => now() - back;`,
    );
    const run = project.start(['run', '--approve', 'all'], { env: { NODE_OPTIONS: '--import ./jump.mjs' } });
    await run.says(/MonitorTraining started/);
    await sleep(300);
    project.write('jump', '');
    await sleep(300);
    project.write('go', '');
    const ended = await run.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(await runFacts(project)).toMatchObject({
      runs: ['1 succeeded'],
      models: { dev: ONE_EACH, shared: ONE_EACH },
      jobs_without_one_version: [],
      open_stages: [],
    });
    expect(Object.values(startsOf(project.state))).toEqual([1, 1, 1, 1]);
    // A later run, at the right time again, finds nothing to do.
    await project.ends(0, ['plan', '--exit-code']);
  });
});
