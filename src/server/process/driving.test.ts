import { afterEach, describe, expect, it } from 'vitest';
import { SettingsWatch } from '../../actions/index.ts';
import { openLog } from '../../kernel/log.ts';
import { holdProject } from '../../pipelines/index.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createDriving } from './driving.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function driving() {
  const w: TestWorld = await testWorld({ environment: null });
  opened.push(w);
  const said: string[] = [];
  const log = await openLog({ format: 'text', level: 'info', write: (line) => said.push(line) });
  const made = createDriving(w.project, new SettingsWatch(w.project), log);
  const stop = new AbortController();
  const over = made.run(stop.signal);
  opened.push({
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await over;
    },
  });
  /** Lets time pass until it is so; a test that waits in vain ends by its limit. */
  const until = async (so: () => boolean): Promise<void> => {
    while (!so()) {
      await w.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { w, said, state: made.state, until, stop, over };
}

describe('a server that advances runs', () => {
  it('waits while somebody else holds the project, and gives it back when it ends', async () => {
    const { w, state, until, stop, over } = await driving();
    await until(() => state().drives);
    await expect(holdProject(w.project.store, w.clock.now(), 'run')).rejects.toThrow('trainyard serve');
    stop.abort();
    await over;
    expect(state().drives).toBe(false);
    await (await holdProject(w.project.store, w.clock.now(), 'run'))[Symbol.asyncDispose]();
  });

  it('says what ended its loop, and begins it again until that is put right', async () => {
    const { w, said, state, until } = await driving();
    await until(() => state().drives);
    const run = await w.start();
    const { db } = w.project.store;
    await db.updateTable('runs').set({ pipeline_version: 99 }).execute();
    await until(() => state().trouble !== null);
    expect(state()).toMatchObject({
      drives: false,
      trouble: expect.stringContaining('pipeline train version 99'),
    });
    expect(said.join('')).toContain('error: Runs are not advanced: ');
    await db.updateTable('runs').set({ pipeline_version: run.pipeline_version }).execute();
    await until(() => state().drives);
    let status = '';
    await until(() => {
      void w.again(run).then((now) => (status = now.status));
      return status === 'waiting';
    });
    expect(state().trouble).toBeNull();
  });
});
