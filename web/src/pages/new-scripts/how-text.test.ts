import { expect, it } from 'vitest';
import { howText } from './how-text.ts';

const HOW = {
  parallel: false,
  max_workers: 1,
  order: 'longest',
  retries: 0,
  timeout_s: null,
  memory_limit_mib: null,
  gpus: [],
  gpus_per_job: 0,
  allow_partial_success: false,
  mark_discovered_optional: false,
  no_auto_discover: false,
  allow_discovery_overrides: false,
  config: null,
} as const;

it('says how jobs run by default', () => {
  expect(howText({ how: { ...HOW, gpus: [] }, resumed: 0 })).toBe(
    'One after the other, what took longest the last time first, one attempt each.',
  );
});

it('names every limit, and what is left out', () => {
  const how = {
    ...HOW,
    max_workers: 8,
    order: 'discovery' as const,
    retries: 2,
    timeout_s: 5400,
    memory_limit_mib: 4096,
    gpus: ['0', '2'],
    gpus_per_job: 1,
    allow_partial_success: true,
  };
  expect(howText({ how, resumed: 3 })).toBe(
    'Up to 8 at once, in the order they are found, up to 3 attempts each, 1 h 30 min per attempt, 4096 MiB of memory each, 1 of the 2 GPUs 0, 2 each, one that succeeds is enough. 3 left out, as the interrupted run had finished them.',
  );
});
