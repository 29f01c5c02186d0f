import { afterEach, expect, it, vi } from 'vitest';
import { testWorld } from '../testing/test-world.ts';
import { logTo } from './logging.ts';

afterEach(() => vi.restoreAllMocks());

it.each([
  ['trainyard.yaml says', {}, 1],
  ['the command line says, which goes before', { logLevel: 'info' as const }, 2],
])('a log tells as much as %s', async (_how, flags, lines) => {
  await using world = await testWorld({ settings: 'monitoring: {log_level: error}\n' });
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const log = await logTo(world.project, { logFormat: 'json', ...flags });
  log.info({}, 'a usual thing');
  log.error({}, 'a broken thing');
  expect(write).toHaveBeenCalledTimes(lines);
});
