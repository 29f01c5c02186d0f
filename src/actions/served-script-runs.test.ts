import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openProject } from '../app.ts';
import type { Project } from '../app.ts';
import { createScriptsRun, driveRuns, getRun, getStages, holdProject } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { servedScriptRuns } from './index.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/** A process that serves: its loop with the scripts beside it. Real processes take real time. */
class Serving implements AsyncDisposable {
  readonly w: TestWorld;
  readonly project: Project;
  readonly said: string[] = [];
  #stop = new AbortController();
  #over: Promise<void> = Promise.resolve();

  private constructor(w: TestWorld, project: Project) {
    this.w = w;
    this.project = project;
  }

  static async open(): Promise<Serving> {
    const w = await testWorld({ environment: null });
    opened.push(w);
    const env = { PATH: process.env['PATH'] };
    const serving = new Serving(w, await openProject({ folder: w.root, mode: 'write', env }));
    opened.push(serving);
    return serving;
  }

  begin(): void {
    this.#stop = new AbortController();
    this.#over = this.#drive();
  }

  async #drive(): Promise<void> {
    const { project, said } = this;
    await using hold = await holdProject(project.store, project.clock.now(), 'serve');
    const scripts = servedScriptRuns(project, hold, { show: null, say: (line) => said.push(line) });
    try {
      await driveRuns(project.world, hold, this.#stop.signal, 'aborted', {}, [scripts]);
    } finally {
      await scripts.settle(AbortSignal.abort());
    }
  }

  /** Ends it, and throws what ended the loop before. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#over.catch(() => undefined);
    await this.project.close();
  }

  /** Writes a run of one script down, as a caller of the API has it. */
  start(id: string, python: string): Promise<Run> {
    const { store, clock } = this.project;
    return store.tx((tx) =>
      createScriptsRun(tx, clock.now(), {
        params: {
          jobs: [
            {
              id,
              name: id,
              script: `${id}.py`,
              output: id,
              optional: false,
              command: ['python3', '-c', python],
              sha256: '0',
              reason: 'asked for',
              copies: [],
              parameters: {},
            },
          ],
          retries: 0,
          timeout_s: null,
          memory_limit_mib: null,
          gpus_per_job: 0,
          max_workers: 1,
          gpus: [],
          allow_partial_success: false,
          served: true,
          resumed: [],
          arguments: [],
        },
        actor: { name: 'ada@x', identity: 'claimed' },
        git_commit: null,
        git_branch: null,
      }),
    );
  }

  async until(true_now: () => Promise<boolean> | boolean): Promise<void> {
    await expect.poll(true_now, { timeout: 60_000, interval: 50 }).toBe(true);
  }

  ended(run: Run): Promise<void> {
    return this.until(async () => (await getRun(this.project.store.db, run.id)).ended_at !== null);
  }

  again(run: Run): Promise<Run> {
    return getRun(this.project.store.db, run.id);
  }
}

describe('a run of scripts that cannot go on', { timeout: 120_000 }, () => {
  it('ends with its reason on record, and the loop and all other runs go on', async () => {
    const s = await Serving.open();
    const { db } = s.project.store;
    const [newer, odd] = [await s.start('newer', 'print(1)'), await s.start('odd', 'print(1)')];
    await db.updateTable('runs').set({ pipeline_version: 99 }).where('id', '=', newer.id).execute();
    await db.updateTable('runs').set({ params: '{"served":true}' }).where('id', '=', odd.id).execute();
    const good = await s.start('good', 'print(1)');
    s.begin();
    for (const run of [newer, odd, good]) await s.ended(run);
    expect(await s.again(good)).toMatchObject({ status: 'succeeded' });
    expect(await s.again(newer)).toMatchObject({
      status: 'failed',
      reason:
        'Run 1 belongs to pipeline scripts version 99, which this Trainyard does not know. Update Trainyard.',
    });
    expect(await s.again(odd)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('What run 2 was started with cannot be read by this Trainyard.'),
    });
    const failed = await db
      .selectFrom('events')
      .select(['run_id', 'severity'])
      .where('type', '=', 'run.failed')
      .orderBy('seq')
      .execute();
    expect(new Set(failed.map(({ run_id }) => run_id))).toEqual(new Set([newer.id, odd.id]));
    expect((await getStages(db, newer.id)).map(({ status }) => status)).toEqual(['failed', 'skipped']);
    const later = await s.start('later', 'print(1)');
    await s.ended(later);
    expect(await s.again(later)).toMatchObject({ status: 'succeeded' });
    await s.end();
  });

  it('leaves no script running', async () => {
    const s = await Serving.open();
    const { db } = s.project.store;
    const run = await s.start(
      'long',
      'import os, time\nopen("pid.tmp", "w").write(str(os.getpid()))\nos.rename("pid.tmp", "pid")\ntime.sleep(3600)',
    );
    s.begin();
    await s.until(() => existsSync(join(s.w.root, 'pid')));
    const pid = Number(await readFile(join(s.w.root, 'pid'), 'utf8'));
    expect(() => process.kill(pid, 0)).not.toThrow();
    await db
      .updateTable('runs')
      .set({ pipeline_version: 99, due_at: new Date(s.project.clock.now()).toISOString() })
      .where('id', '=', run.id)
      .execute();
    await s.ended(run);
    expect(await s.again(run)).toMatchObject({ status: 'failed', lease_token: null });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await db.selectFrom('jobs').select('status').execute()).toEqual([{ status: 'canceled' }]);
    expect(await db.selectFrom('attempts').select('status').execute()).toEqual([{ status: 'canceled' }]);
    await s.end();
  });

  it('ends once: what the next process finds of it does not stop that one', async () => {
    const s = await Serving.open();
    const run = await s.start('odd', 'print(1)');
    await s.project.store.db.updateTable('runs').set({ params: '{"served":true}' }).execute();
    s.begin();
    await s.ended(run);
    await s.end();
    const next = await s.start('good', 'print(1)');
    s.begin();
    await s.ended(next);
    expect(await s.again(next)).toMatchObject({ status: 'succeeded' });
    await s.end();
  });
});
