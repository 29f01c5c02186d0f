import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes, databases and compiled caches are real: a loaded machine needs room, a hang still ends.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    isolate: false,
    pool: 'forks',
  },
});
