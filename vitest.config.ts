import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes, databases and compiled caches are real: a loaded machine needs room, a hang still ends.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    isolate: false,
    pool: 'forks',
    // Most of the time goes into processes that wait for each other: on two cores one worker would idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
