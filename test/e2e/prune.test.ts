import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { inTerminal } from '../helpers/terminal.ts';

const TWO = ['kiln_1', 'kiln_2'];
/** Everything that is over is old, and what was promoted was promoted once. */
const SETTINGS = 'retention: {models: 1ms, logs: 1ms}\n';

let project: TestProject;
beforeEach(async () => {
  project = TestProject.create({ circuits: TWO, provider: 'local', settings: SETTINGS });
  await project.trained();
  for (const lr of [0.2, 0.3]) {
    project.change('kiln_1', lr);
    await project.ends(11, ['run']);
    await project.trainyard(['runs', 'cancel', String(lr * 10)]);
  }
});
afterEach(() => project[Symbol.asyncDispose]());

describe('trainyard prune', () => {
  it('shows first what it would remove, with reasons, and then removes exactly that', async () => {
    const dry = await project.ok(['prune', '--dry-run', '-v']);
    expect(dry.stdout).toMatch(/^- model kiln-1:2 \(\d+ B\): superseded by kiln-1:3$/m);
    expect(dry.stdout).toMatch(/^ {2}model kiln-1:1 \(\d+ B\): kept, promoted$/m);
    expect(dry.stdout).toMatch(/^- logs of run 1 \([\d.]+ (?:B|KiB)\): over for /m);
    expect(dry.stdout).toMatch(/^WOULD GO +AFTER +COUNT +SIZE$/m);
    expect(dry.stdout).toMatch(/^files of model versions +0 s +1 +\d+ B$/m);
    expect(dry.stdout).toMatch(/^logs and work folders of runs +0 s +3 +/m);
    expect(dry.stdout).toContain('1 model version: promoted');
    expect(project.has('.trainyard/jobs')).toBe(true);
    // Reasons tell how long ago something was, which is longer by now.
    const told = async (...flags: string[]): Promise<unknown> => {
      const report = (await project.ok(['prune', '-v', '--json', ...flags])).json() as { items: object[] };
      return { ...report, dry_run: true, items: report.items.map((item) => ({ ...item, why: '' })) };
    };
    const would = await told('--dry-run');
    expect(await told()).toEqual(would);
    expect(project.list('.trainyard/jobs')).toEqual([]);
    const again = (await project.ok(['prune', '--json'])).json();
    expect(again).toMatchObject({
      removed: { model: { count: 0 }, logs: { count: 0 }, leftover: { count: 0 } },
    });
    const events = await project.rows(({ db }) =>
      db.selectFrom('events').select('message').where('type', '=', 'retention.pruned').execute(),
    );
    expect(events).toHaveLength(1);
    expect(events[0]?.message).toMatch(
      /^tester removed the files of 1 model version, the logs of 3 runs and 1 leftover \(/,
    );
    const audited = (await project.ok(['audit', 'list', '--type', 'retention.*', '--json'])).json();
    expect(audited).toMatchObject({ entries: [{ actor: 'tester', identity: 'claimed' }] });
  });

  it('leaves versions and jobs that say what happened to their files', async () => {
    await project.ok(['prune', '--yes']);
    const shown = await project.ok(['models', 'show', 'kiln-1:2']);
    expect(shown.stdout).toMatch(/files, removed by retention at \d{4}-\d\d-\d\dT\d\d:\d\dZ/);
    expect(shown.stdout).toContain('training_hash');
    expect((await project.ok(['models', 'list'])).stdout).toMatch(/kiln-1 +2 +no files/);
    const refused = await project.ends(5, ['models', 'download', 'kiln-1:2', '-o', 'out']);
    expect(refused.stderr).toMatch(/The files of kiln-1:2 were removed by retention at/);
    expect(refused.stderr).toContain('trainyard run --circuits kiln_1');
    await project.ok(['models', 'download', 'kiln-1:1', '-o', 'out']);
    await project.ok(['models', 'download', 'kiln-1:3', '-o', 'out']);
    const logs = await project.ends(5, ['jobs', 'logs', 'kiln_1_2026_03_31']);
    expect(logs.stderr).toMatch(/The logs of run 1 were removed by retention at/);
    // Everything goes on as before.
    project.change('kiln_2', 0.5);
    await project.trained();
    expect((await project.ok(['jobs', 'logs', 'kiln_2_2026_03_31_2'])).stdout).toContain('training kiln_2');
  });

  it('asks in a terminal before it removes anything', async () => {
    const left = await inTerminal(project.folder, ['prune'], [['Remove it', '\r']]);
    expect(left.code, left.screen).toBe(0);
    expect(left.screen).toContain('Nothing was removed.');
    expect(project.list('.trainyard/jobs')).toHaveLength(3);
    const done = await inTerminal(project.folder, ['prune'], [['Remove it', 'y\r']]);
    expect(done.code, done.screen).toBe(0);
    expect(project.list('.trainyard/jobs')).toEqual([]);
  });

  it('is done by a worker by itself, and not again on the same day', async () => {
    const first = await project.ok(['worker', '--until-idle']);
    expect(first.stderr).toMatch(/Retention removed the files of 1 model version, the logs of 3 runs/);
    project.change('kiln_1', 0.9);
    await project.trained();
    expect((await project.ok(['worker', '--until-idle'])).stderr).not.toContain('Retention');
    expect(project.list('.trainyard/jobs')).toHaveLength(1);
  });
});
