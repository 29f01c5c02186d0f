import { z } from 'zod';

export const StageStatus = z.enum([
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'skipped',
  'canceled',
]);
export type StageStatus = z.infer<typeof StageStatus>;

export const RunStatus = z.enum(['pending', 'running', 'waiting', 'succeeded', 'failed', 'canceled']);
export type RunStatus = z.infer<typeof RunStatus>;

export const stageIsOver = (status: StageStatus): boolean =>
  status !== 'pending' && status !== 'running' && status !== 'waiting';
export const runIsOver = (status: RunStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled';
