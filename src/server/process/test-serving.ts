import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Project } from '../../app.ts';
import { openLog } from '../../kernel/log.ts';
import type { ApiEnv } from '../api.ts';
import { createApp } from '../app.ts';
import { createLive } from '../live/live.ts';
import type { Driving } from './driving.ts';
import { createMetrics } from './metrics.ts';

export interface TestServing {
  readonly app: OpenAPIHono<ApiEnv>;
  /** What was logged, each line parsed. */
  readonly lines: Record<string, unknown>[];
  driving: Driving;
  readonly end: () => void;
  /** Samples of `/metrics` by name and labels as they stand there; without buckets. */
  samples(headers?: Readonly<Record<string, string>>): Promise<Record<string, number>>;
}

/** A server as `serve` puts it together, with nothing behind it that runs by itself. */
export async function testServing(project: Project): Promise<TestServing> {
  const lines: Record<string, unknown>[] = [];
  const log = await openLog({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const live = createLive(project);
  const ending = new AbortController();
  const serving: TestServing = {
    app: createApp({
      project,
      process: {
        live,
        log,
        metrics: createMetrics(project, { live, drives: () => serving.driving.drives }),
        ending: ending.signal,
        driving: () => serving.driving,
        facts: () => ({
          started_at: '2026-01-01T00:00:00.000Z',
          drives: serving.driving.drives,
          streams: live.stats().connections,
          settings_problem: null,
          restart_for: [],
        }),
      },
    }),
    lines,
    driving: { drives: true, elsewhere: null, trouble: null },
    end: () => ending.abort(),
    samples: async (headers = {}) => {
      const response = await serving.app.request('/metrics', { headers });
      if (response.status !== 200) throw new Error(`/metrics: ${response.status}`);
      const samples = [...(await response.text()).matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)];
      return Object.fromEntries(
        samples
          .filter(([, name = '']) => !name.includes('_bucket'))
          .map(([, name = '', value]) => [name.replace(/^trainyard_/, ''), Number(value)]),
      );
    },
  };
  return serving;
}
