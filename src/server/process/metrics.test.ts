import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { testServing } from './test-serving.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
});

async function world(fail: readonly string[] = []): Promise<TestWorld> {
  const w = await testWorld({ environment: null, fail });
  opened.push(w);
  return w;
}

describe('metrics', () => {
  it('count jobs, stages and runs that end, each once, and show what is open', async () => {
    const w = await world(['p_c001']);
    const s = await testServing(w.project);
    expect(await s.samples()).toMatchObject({ 'jobs{status="running"}': 0, 'runs{status="waiting"}': 0 });
    const run = await w.run();
    expect(run.status).toBe('waiting');
    const told = await s.samples();
    expect(told).toMatchObject({
      'runs{status="waiting"}': 1,
      'jobs{status="pending"}': 0,
      'jobs_ended_total{status="succeeded"}': 2,
      'jobs_ended_total{status="failed"}': 1,
      job_queue_seconds_count: 3,
      'job_running_seconds_count{status="succeeded"}': 2,
      'stage_seconds_count{stage="MonitorTraining",status="succeeded"}': 1,
    });
    expect(Object.keys(told).filter((name) => name.startsWith('approvals_waiting'))).not.toEqual([]);
    expect(told['job_queue_seconds_sum']).toBeGreaterThan(0);
    // Something is written, and nothing ended.
    await w.later(1000);
    const again = await s.samples();
    expect(again['job_queue_seconds_count']).toBe(3);
    expect(again['stage_seconds_count{stage="MonitorTraining",status="succeeded"}']).toBe(1);
  });

  it('count runs that came and ended between two looks, and nothing from before the server', async () => {
    const w = await world();
    await w.run({ approve: ['all'] });
    await w.clock.advance(60_000);
    const s = await testServing(w.project);
    const before = await s.samples();
    expect(before['job_queue_seconds_count']).toBe(0);
    expect(before['runs_ended_total{status="succeeded"}']).toBeUndefined();
    await w.write(
      'config/circuits.yaml',
      'defaults: {cutoff_date: "2026-02-28", training_days: 30}\ncircuits:\n  - {plant_id: p, circuit_id: c000}\n',
    );
    expect((await w.run({ approve: ['all'] })).status).toBe('succeeded');
    expect(await s.samples()).toMatchObject({
      'runs_ended_total{status="succeeded"}': 1,
      'jobs_ended_total{status="succeeded"}': 1,
    });
  });

  it('count the same for two who look at once', async () => {
    const w = await world();
    const s = await testServing(w.project);
    await w.run();
    const [one, two] = await Promise.all([s.samples(), s.samples()]);
    expect([one['job_queue_seconds_count'], two['job_queue_seconds_count']]).toEqual([3, 3]);
  });

  it('tell routes by their pattern, so that nobody can make up series', async () => {
    const s = await testServing((await world()).project);
    await s.app.request('/api/v1/runs/17');
    await s.app.request('/api/v1/runs/18');
    await s.app.request('/nothing/there', { method: 'BREW' });
    const told = await s.samples();
    expect(told['http_request_seconds_count{method="GET",route="/api/v1/runs/:run",status="404"}']).toBe(2);
    const requests = Object.keys(told).filter((name) => name.startsWith('http_request_seconds_count'));
    expect(requests).toHaveLength(2);
    expect(requests.join()).toContain('method="other",route="none"');
    expect(requests.join()).not.toMatch(/BREW|nothing|17|18/);
  });
});
