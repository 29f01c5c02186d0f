import { describe, expect, it } from 'vitest';
import { optionsOf } from './options.ts';
import { EMPTY, askedBy } from './request.ts';

const OPTIONS = optionsOf([
  { flags: ['--seed', '--epochs', '--output-dir', '--lr'] },
  { flags: ['--lr', '--batch-size', '--output_dir', '-v'] },
]);

describe('the request of the form', () => {
  it('says nothing of what was left as it is', () => {
    expect(askedBy(EMPTY, OPTIONS)).toEqual({ request: {}, wrong: {} });
  });

  it('gives one value of a common option to all, and makes a job for each of several', () => {
    const draft = { ...EMPTY, only: ['als'], values: { epochs: '5', 'batch-size': '32, 64', lr: '0.1' } };
    expect(askedBy(draft, OPTIONS).request).toEqual({
      only: ['als'],
      epochs: 5,
      sweep: { 'batch-size': ['32', '64'], lr: ['0.1'] },
    });
  });

  it('leaves alone what none of the chosen scripts takes any more', () => {
    expect(askedBy({ ...EMPTY, values: { folds: '5', seed: ' ' } }, OPTIONS).request).toEqual({});
  });

  it('says how they run, switched off where trainyard.yaml has it on', () => {
    const draft = {
      ...EMPTY,
      order: 'discovery',
      switches: {
        parallel: true,
        allow_partial_success: false,
        mark_discovered_optional: true,
        resume: true,
      },
      lines: {
        max_workers: '8',
        retries: '0',
        timeout_min: '1.5',
        exclude: 'slow, old  worse',
        memory: '1.5G',
        gpus: '0, 2',
        gpus_per_job: '2',
      },
    } as const;
    expect(askedBy(draft, [])).toEqual({
      wrong: {},
      request: {
        parallel: true,
        allow_partial_success: false,
        mark_discovered_optional: true,
        resume: true,
        order: 'discovery',
        max_workers: 8,
        retries: 0,
        timeout_s: 90,
        exclude: ['slow', 'old', 'worse'],
        memory_limit_mib: 1536,
        gpus: '0,2',
        gpus_per_job: 2,
      },
    });
  });

  it('does not ask how many at once where it is one after the other', () => {
    const draft = { ...EMPTY, switches: { parallel: false }, lines: { max_workers: 'x' } };
    expect(askedBy(draft, [])).toEqual({ request: { parallel: false }, wrong: {} });
  });

  it('says what is wrong beside the field, and does not ask for it', () => {
    const draft = {
      ...EMPTY,
      values: { lr: '1,,2' },
      switches: { parallel: true },
      lines: {
        max_workers: '0',
        retries: '-1',
        timeout_min: 'soon',
        memory: '10K',
        gpus: 'some',
        gpus_per_job: '0',
      },
    };
    const { request, wrong } = askedBy(draft, OPTIONS);
    expect(request).toEqual({ parallel: true });
    expect(Object.keys(wrong).toSorted()).toEqual([
      'gpus',
      'gpus_per_job',
      'lr',
      'max_workers',
      'memory',
      'retries',
      'timeout_min',
    ]);
  });
});
