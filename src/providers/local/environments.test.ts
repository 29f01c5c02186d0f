import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Observation, Submission } from '../../jobs/compute.ts';
import { environmentWarnings, pipPackages } from './environments.ts';
import { LocalHarness, environmentOf } from './local-harness.ts';

describe('pipPackages', () => {
  it('tells pip packages from what only conda has, and keeps secrets out of the requirements', () => {
    const conda = {
      dependencies: [
        'python=3.11',
        'pip>=23',
        'cudatoolkit=11',
        { pip: ['numpy==2', '--index-url https://x:${env:TOKEN}@host'] },
      ],
    };
    expect(pipPackages(conda)).toEqual({
      requirements: ['numpy==2', '--index-url https://x:${TOKEN}@host'],
      python: '3.11',
      conda_only: ['cudatoolkit=11'],
    });
    expect(pipPackages(null)).toEqual({ requirements: [], python: null, conda_only: [] });
  });
});

describe('environmentWarnings', () => {
  const python = { executable: '/usr/bin/python3', version: '3.11.7', path_folders: [] };
  const warn = (dependencies: unknown[]) =>
    environmentWarnings(environmentOf([], { conda: { dependencies } }), python);

  it('names another Python version and what is not installed', () => {
    expect(warn(['python=3.11'])).toEqual([]);
    expect(warn(['python=3'])).toEqual([]);
    expect(warn(['python=3.1'])).toEqual(['Environment env:1 asks for Python 3.1; this machine has 3.11.7.']);
    expect(warn(['mkl'])).toEqual([
      'Environment env:1: mkl can only come from conda and is not installed here.',
    ]);
  });

  it('says that a container image means nothing here', () => {
    expect(environmentWarnings(environmentOf([], { conda: null, image: 'img' }), python)[0]).toContain(
      'container image',
    );
  });
});

describe.concurrent('managed environments', () => {
  const prefix = 'python -c "import sys; print(sys.prefix)"';

  async function run(
    h: LocalHarness,
    s: Submission,
  ): Promise<{ last: Observation; states: Set<string>; log: string }> {
    await h.compute.submit([s]);
    const states = new Set<string>();
    for (let i = 0; i < 1500; i++) {
      const [o] = (await h.compute.list({ run_id: s.run_id, cursor: null })).observations;
      if (o !== undefined) states.add(o.state);
      if (o !== undefined && !['queued', 'preparing', 'running'].includes(o.state)) {
        const log = await h.compute.logs?.({ run_id: s.run_id, key: s.key, offset: 0, limit: 10_000 });
        return { last: o, states, log: log?.text ?? '' };
      }
      await h.pass();
    }
    throw new Error('It does not end.');
  }

  it(
    'are built once while attempts are preparing, used again, and rebuilt when they are not whole',
    { timeout: 30_000 },
    async () => {
      await using h = await LocalHarness.create({ environment: 'managed' });
      const environment = environmentOf([]);
      const s = (): Submission => h.command(prefix, {}, {}, { environment });
      const first = await run(h, s());
      expect(first.last.state).toBe('succeeded');
      expect(first.last.preparing_s).toBeGreaterThan(0);
      expect(first.states).toContain('preparing');
      const folder = join(h.state, 'environments', `env-1-${environment.digest.slice(0, 8)}`);
      expect(first.log).toBe(`${folder}\n`);
      const second = await run(h, s());
      expect(second.log).toBe(`${folder}\n`);
      expect(second.last.preparing_s).toBe(0);
      rmSync(join(folder, 'ready'));
      rmSync(join(folder, 'bin'), { recursive: true });
      const third = await run(h, s());
      expect(third.log).toBe(`${folder}\n`);
      expect(existsSync(join(folder, 'ready'))).toBe(true);
    },
  );

  it(
    'that cannot be built fail the attempt as setup, with the last lines of the build',
    { timeout: 60_000 },
    async () => {
      await using h = await LocalHarness.create({ environment: 'managed' });
      const environment = environmentOf(['--no-index', 'no-such-package-anywhere']);
      const { last } = await run(h, h.command(prefix, {}, {}, { environment }));
      expect(last).toMatchObject({
        state: 'failed',
        reason: 'setup',
        message: expect.stringContaining('no-such-package-anywhere'),
      });
    },
  );
});
