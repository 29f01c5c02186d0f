import { describe, expect, it } from 'vitest';
import { expectedOf, fixtureTable } from '../../../test/fixtures/delta-tables.ts';
import { ProviderError } from '../../kernel/errors.ts';
import { readCheckpoint } from './checkpoint.ts';
import { readListing } from './log-files.ts';
import type { TableStorage } from './storage.ts';
import { localStorage } from './storage.ts';

async function read(name: string, storage: TableStorage = localStorage(fixtureTable(name))) {
  const checkpoint = readListing((await storage.list('_delta_log')) ?? []).checkpoints.get(4)?.[0];
  if (checkpoint === undefined) throw new Error('the fixture has no checkpoint 4');
  return { checkpoint, facts: await readCheckpoint(storage, name, checkpoint) };
}

describe('readCheckpoint', () => {
  it.each([
    ['readings', 1],
    ['readings-multipart', 3],
    ['readings-v2-parquet', 1],
    ['readings-v2-json', 1],
  ])(
    'finds columns, properties and protocol in %s, whichever of its %i files holds them',
    async (name, files) => {
      const { checkpoint, facts } = await read(name);
      expect(checkpoint.files).toHaveLength(files);
      expect(facts.metadata?.columns.map((column) => column.name)).toEqual(
        expectedOf('readings').get(4)?.names,
      );
      expect(facts.metadata?.partition_columns).toEqual(['plant_id']);
      expect(facts.metadata?.configuration).toEqual({ 'delta.logRetentionDuration': 'interval 1 days' });
      expect(facts.protocol?.min_reader_version).toBe(name === 'readings-v2-json' ? 3 : 1);
      expect(facts.protocol?.features).toEqual(new Set(name === 'readings-v2-json' ? ['v2Checkpoint'] : []));
    },
  );

  it('tells a file that is cut off from one that is gone and from a store that fails', async () => {
    const storage = localStorage(fixtureTable('readings'));
    const cut: TableStorage = {
      ...storage,
      readRange: async (n, start, end) => (await storage.readRange(n, start, end))?.subarray(8) ?? null,
    };
    await expect(read('readings', cut)).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringContaining('4.checkpoint.parquet cannot be read'),
    });
    const denied: TableStorage = {
      ...storage,
      readRange: () => Promise.reject(new ProviderError('store', 'no answer', { retryable: true })),
    };
    await expect(read('readings', denied)).rejects.toMatchObject({ exit_code: 8, message: 'no answer' });
    const gone: TableStorage = { ...storage, readRange: () => Promise.resolve(null) };
    await expect(read('readings', gone)).rejects.toMatchObject({
      exit_code: 6,
      message: expect.stringContaining('4.checkpoint.parquet is gone'),
    });
  });
});
