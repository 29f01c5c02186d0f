import { describe, expect, it } from 'vitest';
import { CorruptRowError } from '../kernel/errors.ts';
import { memoryStore } from '../store/index.ts';
import { TestClock } from '../testing/test-clock.ts';
import { embeddedRegistry, parseRef, refText } from './index.ts';

describe('parseRef', () => {
  it('reads what refText writes, colons in names included', () => {
    for (const ref of [
      { model_name: 'seattle-wind', version: 3 },
      { model_name: 'a:b:7', version: 12 },
    ]) {
      expect(parseRef(refText(ref))).toEqual(ref);
    }
  });

  it('refuses what names no version', () => {
    for (const text of ['seattle-wind', 'seattle-wind:', ':3', 'a:0', 'a:03', 'a:-1', 'a:1.5', 'a:x', '']) {
      expect(parseRef(text)).toBeNull();
    }
  });
});

describe('fromRow', () => {
  it('names the row that cannot be read', async () => {
    const store = memoryStore();
    await store.db
      .insertInto('model_versions')
      .values({
        registry: 'dev',
        model_name: 'm',
        version: 4,
        circuit_id: 'c',
        pr: 0,
        digest: '',
        files: '[{"path":',
        tags: '{}',
        metrics: '{}',
        settings: '{}',
        job_id: 'j',
        job_name: 'j',
        run_id: 'r',
        training_hash: 'h',
        inputs_digest: '',
        created_at: '2026-01-01T00:00:00.000Z',
      })
      .execute();
    const dev = embeddedRegistry({ store, registry: 'dev', clock: new TestClock() });
    await expect(dev.get('m', 4)).rejects.toThrow(CorruptRowError);
    await expect(dev.get('m', 4)).rejects.toThrow(/dev\/m:4/);
    await store.close();
  });
});
