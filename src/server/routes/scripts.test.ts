import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { servedScriptRuns } from '../../actions/index.ts';
import { openProject } from '../../app.ts';
import { holdProject } from '../../pipelines/index.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

const TRAINS = `import argparse, json, os, sys
p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=1); p.add_argument("--seed", type=int, default=0)
p.add_argument("--output-dir"); p.add_argument("--data")
a = p.parse_args()
json.dump({"mae": 10 / a.epochs + a.seed}, open(os.path.join(a.output_dir, "metrics.json"), "w"))
sys.exit(1 if a.seed == 3 else 0)
`;

async function repository(scripts: Readonly<Record<string, string>> = {}, settings = ''): Promise<TestApi> {
  const api = await testApi({ environment: null, settings });
  open.push(api);
  const all = { 'training/train_als.py': TRAINS, 'training/train_plain.py': 'print(1)\n', ...scripts };
  for (const [path, text] of Object.entries(all)) await api.world.write(path, text);
  return api;
}

/** What a process that serves does with scripts, until none runs any more; real processes take real time. */
async function served({ world }: TestApi, signal = new AbortController().signal): Promise<string[]> {
  const said: string[] = [];
  const project = await openProject({
    folder: world.root,
    mode: 'write',
    env: { PATH: process.env['PATH'] },
  });
  try {
    await using hold = await holdProject(project.store, project.clock.now(), 'serve');
    const runs = servedScriptRuns(project, hold, { show: null, say: (line) => said.push(line) });
    await runs.tick(project.clock.now());
    await runs.settle(signal);
    return said;
  } finally {
    await project.close();
  }
}

type Items = { id: string; metrics: Record<string, number> | null }[];
const idsOf = (body: Record<string, unknown>): string[] => (body['items'] as Items).map((item) => item.id);

// Each search of the repository takes a thread and a Python of its own, which a busy machine gives late.
describe('scripts', { timeout: 120_000 }, () => {
  it('are found with all that they take, in pages', async () => {
    const { get } = await repository({ 'broken/train_broken.py': 'def (\n' });
    const { body } = await get('/scripts');
    expect(body).toMatchObject({
      total: 3,
      next: null,
      items: [
        { id: 'train_broken', script: 'broken/train_broken.py', flags_known: false },
        {
          id: 'train_als',
          name: 'Als',
          output: 'als_results',
          supports: { epochs: true, folds: false, output_dir: true },
          flags: ['--data', '--epochs', '--output-dir', '--seed'],
          flags_known: true,
        },
        { id: 'train_plain', flags: [] },
      ],
    });
    const first = (await get('/scripts?limit=2')).body;
    expect(idsOf(first)).toEqual(['train_broken', 'train_als']);
    expect(idsOf((await get(`/scripts?limit=2&cursor=${String(first['next'])}`)).body)).toEqual([
      'train_plain',
    ]);
    expect(idsOf((await get('/scripts?q=ALS')).body)).toEqual(['train_als']);
  });

  it('are swept, and shown as a table with settings, states and metrics', async () => {
    const api = await repository();
    const { get, post } = api;
    const started = await post('/scripts/run', {
      only: ['als'],
      sweep: { epochs: [10, 20], seed: [1, 3] },
      parallel: true,
      max_workers: 2,
      allow_partial_success: true,
    });
    expect(started).toMatchObject({
      status: 202,
      body: {
        number: 1,
        pipeline: 'scripts',
        status: 'pending',
        params: {
          served: true,
          max_workers: 2,
          arguments: expect.arrayContaining(['--only', 'als', '--sweep', 'epochs=10,20']),
        },
      },
    });
    expect((await get('/runs/1/scripts')).body).toMatchObject({
      total: 4,
      parameters: ['epochs', 'seed'],
      metrics: [],
      items: [{ position: 0, status: 'pending', job: null }, {}, {}, {}],
    });
    await served(api);
    const { body } = await get('/runs/1/scripts?sort=metrics.mae');
    expect(body).toMatchObject({
      total: 4,
      metrics: ['mae'],
      items: [
        {
          id: 'train_als__epochs-20_seed-1',
          parameters: { epochs: '20', seed: '1' },
          status: 'succeeded',
          metrics: { mae: 1.5 },
          exit_code: 0,
          duration_s: expect.any(Number),
        },
        { id: 'train_als__epochs-10_seed-1', metrics: { mae: 2 } },
        { status: 'failed', metrics: null, exit_code: 1 },
        { status: 'failed', metrics: null },
      ],
    });
    const [best] = body['items'] as { job: string }[];
    expect((await get(`/jobs/${best?.job}`)).body).toMatchObject({
      metrics: { mae: 1.5 },
      inputs: {},
      steps: [{ command: expect.stringContaining('--epochs 20 --seed 1') }],
    });
    const worst = (await get('/runs/1/scripts?sort=-metrics.mae&limit=1')).body;
    expect(idsOf(worst)).toEqual(['train_als__epochs-10_seed-1']);
    const next = `/runs/1/scripts?sort=-metrics.mae&limit=1&cursor=${String(worst['next'])}`;
    expect(idsOf((await get(next)).body)).toEqual(['train_als__epochs-20_seed-1']);
    expect((await get('/runs/1/scripts?status=failed&q=epochs-10')).body).toMatchObject({ total: 1 });
    expect((await get('/runs/1')).body).toMatchObject({ status: 'succeeded', reason: '2 failed' });
  });

  it('are previewed with their commands, and nothing is started or written', async () => {
    const { post, world } = await repository();
    const { status, body } = await post('/scripts/preview', {
      only: ['als', 'plain'],
      sweep: { seed: [1, 2] },
      epochs: 5,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      total: 3,
      parameters: ['epochs', 'seed'],
      resumed: 0,
      how: {
        parallel: false,
        max_workers: 1,
        order: 'longest',
        retries: 0,
        timeout_s: null,
        memory_limit_mib: null,
        gpus: [],
        allow_partial_success: false,
        config: null,
      },
      jobs: [
        {
          id: 'train_als__seed-1',
          script: 'training/train_als.py',
          parameters: { epochs: '5', seed: '1' },
          command: expect.arrayContaining(['--epochs', '5', '--seed', '1']),
        },
        { id: 'train_als__seed-2' },
        { id: 'train_plain', parameters: {} },
      ],
    });
    expect(await world.project.store.db.selectFrom('runs').select('number').execute()).toEqual([]);
    expect(await readdir(world.root)).not.toContain('results');
    const many = await post('/scripts/preview', { only: ['als'], sweep: { seed: range(300) } });
    expect(many.body).toMatchObject({ total: 300 });
    expect(many.body['jobs']).toHaveLength(200);
    const refused = await post('/scripts/preview', { sweep: { evil: [1] } });
    expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining('--evil') } });
  });

  it('are previewed with how they would run: what is asked goes before what stands in trainyard.yaml', async () => {
    const jobs = 'jobs:\n  - {name: Als, script: training/train_als.py, args: [--seed, "7"]}\n';
    const settings = 'scripts: {config: jobs.yaml, parallel: true, retries: 2, timeout: 2h}\n';
    const { post } = await repository({ 'jobs.yaml': jobs }, settings);
    const plain = (await post('/scripts/preview', {})).body;
    expect(plain).toMatchObject({
      total: 2,
      how: { parallel: true, max_workers: 4, retries: 2, timeout_s: 7200, config: 'jobs.yaml' },
    });
    const asked = {
      parallel: false,
      retries: 0,
      order: 'discovery',
      memory_limit_mib: 2048,
      gpus: '4',
      gpus_per_job: 2,
      mark_discovered_optional: true,
    };
    expect((await post('/scripts/preview', asked)).body).toMatchObject({
      how: {
        parallel: false,
        max_workers: 1,
        retries: 0,
        order: 'discovery',
        memory_limit_mib: 2048,
        gpus: ['0', '1', '2', '3'],
        gpus_per_job: 2,
        mark_discovered_optional: true,
      },
      jobs: [
        { id: 'train_als', optional: false },
        { id: 'train_plain', optional: true },
      ],
    });
    const defined = (await post('/scripts/preview', { no_auto_discover: true })).body;
    expect(defined).toMatchObject({ total: 1, jobs: [{ id: 'train_als' }] });
    expect(JSON.stringify(defined['jobs'])).toContain('"--seed","7"');
    const found = (await post('/scripts/preview', { allow_discovery_overrides: true })).body;
    expect(JSON.stringify(found['jobs'])).not.toContain('"--seed","7"');
    expect(await post('/scripts/preview', { gpus: '1', gpus_per_job: 2 })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('there is 1') },
    });
  });

  it('start once, whoever asks again with the same key, and not beside themselves', async () => {
    const { world, post } = await repository();
    const key = { 'idempotency-key': 'k1' };
    const first = await post('/scripts/run', {}, key);
    const second = await post('/scripts/run', {}, key);
    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await post('/scripts/run', { only: ['plain'] })).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('Run 1 is not over, and runs train_plain') },
    });
    expect(await world.project.store.db.selectFrom('runs').select('number').execute()).toHaveLength(1);
  });

  it('end with the process that runs them, and nobody in person is said to have wanted it', async () => {
    const api = await repository({ 'training/train_plain.py': 'import time\ntime.sleep(3600)\n' });
    const { post, get, world } = api;
    await post('/scripts/run', { only: ['plain'] });
    await served(api, AbortSignal.abort());
    expect((await get('/runs/1')).body).toMatchObject({ status: 'canceled' });
    const asked = await world.project.store.db
      .selectFrom('events')
      .select(['actor', 'identity', 'message'])
      .where('type', '=', 'run.cancel_requested')
      .execute();
    expect(asked).toEqual([
      {
        actor: 'trainyard',
        identity: 'system',
        message: 'trainyard asked to cancel run 1: the server or worker that ran its scripts ended',
      },
    ]);
  });

  it('whose summary cannot be written are over all the same, and no others are ended for it', async () => {
    const api = await repository();
    const { post, get, world } = api;
    expect(await post('/scripts/run', { only: ['plain'] })).toMatchObject({ status: 202 });
    expect(await post('/scripts/run', { only: ['als'] })).toMatchObject({ status: 202 });
    await rm(join(world.root, 'summaries'), { recursive: true });
    await world.write('summaries', 'a file where the folder should be');
    expect((await served(api)).toSorted()).toEqual([
      expect.stringMatching(/^Run 1 \(scripts\) succeeded\. Its summary cannot be written: /),
      expect.stringMatching(/^Run 2 \(scripts\) succeeded\. Its summary cannot be written: /),
    ]);
    expect((await get('/runs/2')).body).toMatchObject({ status: 'succeeded' });
    // The next process looks for the summary of the last run, and has the same trouble with it.
    expect(await served(api)).toEqual([expect.stringContaining('Run 2 (scripts) succeeded. Its summary')]);
  });

  it('have the summary that stands in its file, once they are over', async () => {
    const api = await repository();
    const { post, get, world } = api;
    await post('/scripts/run', { only: ['als'] });
    expect(await get('/runs/1/scripts/summary')).toMatchObject({
      status: 409,
      body: { detail: 'Run 1 is not over.' },
    });
    await served(api);
    world.clock.jumpTo(world.clock.now() + 60_000);
    await post('/scripts/run', { only: ['als'], sweep: { seed: [0, 3] } });
    await served(api);
    const names = (await readdir(join(world.root, 'summaries'))).toSorted();
    for (const [i, name] of names.entries()) {
      const file: unknown = JSON.parse(await readFile(join(world.root, 'summaries', name), 'utf8'));
      expect((await get(`/runs/${i + 1}/scripts/summary`)).body).toEqual(file);
    }
    expect((await get('/runs/2/scripts/summary')).body).toMatchObject({
      status: 'failed',
      counts: { succeeded: 1, failed: 1 },
    });
    // A file that is gone, or not written yet, is missed by nobody.
    const { body: written } = await get('/runs/2/scripts/summary');
    await rm(join(world.root, 'summaries', names[1] ?? ''));
    expect((await get('/runs/2/scripts/summary')).body).toEqual({ ...written, python: expect.any(String) });
    await world.start();
    expect(await get('/runs/3/scripts/summary')).toMatchObject({ status: 404 });
  });

  it('that an interrupted run had finished are left out where asked', async () => {
    const api = await repository();
    const { world, post, get } = api;
    await post('/scripts/run');
    await served(api);
    await world.project.store.db.updateTable('runs').set({ status: 'canceled' }).execute();
    expect(await post('/scripts/run', { resume: true })).toMatchObject({ status: 404 });
    const more = await post('/scripts/run', { resume: true, epochs: 2 });
    expect(more).toMatchObject({ status: 202, body: { number: 2, params: { served: true } } });
    // What it runs is a list of its own, of which a sweep has thousands.
    expect(more.body['params']).not.toHaveProperty('jobs');
    expect((await get('/runs/2/scripts')).body).toMatchObject({
      total: 1,
      items: [{ id: 'train_als' }],
      resumed: ['train_plain'],
    });
  });

  it.each([
    ['a script that there is not', { only: ['../../etc/passwd'] }, /There is no job/],
    ['an option that no script declares', { sweep: { evil: [1] } }, /none of the scripts takes --evil/],
    ['where results go', { sweep: { output_dir: ['x'] } }, /is not swept/],
    ['where results go, as it is spelled', { sweep: { 'output-dir': ['x'] } }, /is not swept/],
    ['a path from the root', { sweep: { data: ['/etc/passwd'] } }, /leads out of the project/],
    ['a path up', { sweep: { data: ['a/../../b'] } }, /leads out of the project/],
    ['two lines', { sweep: { data: ['a\nb'] } }, /body|json/],
    ['an interpreter', { python: '/tmp/mine' }, /python/],
    ['other files', { include_pattern: ['*.py'] }, /include_pattern/],
    ['arguments past the options', { extra_arg: ['--x'] }, /extra_arg/],
    ['more jobs than anybody means', { sweep: { seed: range(200), epochs: range(200) } }, /40000 jobs/],
    ['GPUs without end', { gpus: '999999999' }, /gpus/],
    ['more GPUs than there are', { gpus: '1', gpus_per_job: 2 }, /there is 1/],
  ])('refuse %s', async (_what, body, says) => {
    const { post, world } = await repository();
    const refused = await post('/scripts/run', body);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toMatch(says);
    expect(await world.project.store.db.selectFrom('runs').select('number').execute()).toEqual([]);
  });

  it('have no table where a run trains circuits', async () => {
    const { world, get } = await repository();
    await world.start();
    expect(await get('/runs/1/scripts')).toMatchObject({ status: 404 });
    expect((await get('/runs/1/scripts?sort=evil')).status).toBe(400);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
