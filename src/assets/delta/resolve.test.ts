import { rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  copyOfTable,
  expectedOf,
  fixtureTable,
  memoryTable,
  setCommitTimes,
} from '../../../test/fixtures/delta-tables.ts';
import { TestClock } from '../../testing/test-clock.ts';
import { checkColumns, deltaResolver, resolveDelta } from './resolve.ts';
import { canReadLog, localStorage } from './storage.ts';

const clock = new TestClock('2026-06-01T00:00:00.000Z');

describe('resolveDelta', () => {
  it('pins latest, a number and a time to a version with its columns', async () => {
    const location = await copyOfTable('readings');
    await setCommitTimes(
      location,
      Array.from({ length: 9 }, (_, i) => `2026-03-0${i + 1}T00:00:00.000Z`),
    );
    const table = { location, storage: localStorage(location), clock };
    const latest = await resolveDelta(table, 'latest');
    expect(latest).toMatchObject({
      version: 8,
      timestamp: '2026-03-09T00:00:00.000Z',
      partition_columns: ['plant_id'],
    });
    expect(latest.columns.map((column) => column.name)).toEqual(expectedOf('readings').get(8)?.names);
    expect(await resolveDelta(table, { timestamp: '2026-03-02T12:00:00Z' })).toMatchObject({
      version: 1,
      timestamp: '2026-03-02T00:00:00.000Z',
    });
    const pinned = await resolveDelta(table, { version: 3 });
    expect(pinned).toMatchObject({ version: 3, timestamp: '2026-03-04T00:00:00.000Z' });
    expect(pinned.columns).toContainEqual({ name: 'pressure', type: 'double', nullable: true });
    await expect(resolveDelta(table, { version: 9 })).rejects.toMatchObject({ exit_code: 5 });
    await expect(resolveDelta(table, { timestamp: 'yesterday' })).rejects.toMatchObject({ exit_code: 2 });
    await expect(resolveDelta(table, { timestamp: '2026-06-02' })).rejects.toMatchObject({ exit_code: 2 });
  });
});

describe('deltaResolver', () => {
  it('reads a table once, however many circuits ask for it and however they spell its path', async () => {
    const storage = memoryTable(5);
    const opened: string[] = [];
    const resolver = deltaResolver({
      clock,
      openStorage: (location) => {
        opened.push(location);
        return storage;
      },
    });
    const spellings = ['/data/t', '/data/t/', '/data/x/../t', 'file:///data/t'];
    const found = await Promise.all(
      Array.from({ length: 2000 }, (_, i) =>
        resolver.resolve(spellings[i % 4] ?? '', i % 2 === 0 ? 'latest' : { version: i % 5 }),
      ),
    );
    expect(found.filter((table) => table.version === 5)).toHaveLength(1000);
    expect(opened).toEqual(['/data/t']);
    expect(storage.lists).toEqual([null]);
    expect(storage.reads.toSorted()).toEqual([...new Set(storage.reads)].toSorted());
  });

  it('limits what it reads at the same time over all tables', async () => {
    const storage = memoryTable(200);
    const resolver = deltaResolver({ clock, openStorage: () => storage, max_reads: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => resolver.resolve(`s3://bucket/${i}`, 'latest')));
    expect(storage.most_running).toBe(3);
  });

  it('keeps to what it saw first, and a new one sees what is there now', async () => {
    const location = await copyOfTable('readings');
    const resolver = deltaResolver({ clock });
    expect((await resolver.resolve(location, 'latest')).version).toBe(8);
    await rm(join(location, '_delta_log', '00000000000000000008.json'));
    expect((await resolver.resolve(location, 'latest')).version).toBe(8);
    expect((await deltaResolver({ clock }).resolve(location, 'latest')).version).toBe(7);
  });

  it('remembers failures as well', async () => {
    let opened = 0;
    const resolver = deltaResolver({
      openStorage: () => {
        opened += 1;
        return {
          list: () => Promise.resolve(null),
          read: () => Promise.resolve(null),
          readRange: () => Promise.resolve(null),
        };
      },
    });
    for (let i = 0; i < 3; i++)
      await expect(resolver.resolve('/nowhere', 'latest')).rejects.toMatchObject({ exit_code: 5 });
    expect(opened).toBe(1);
  });

  it('says which stores cannot be read yet, and what to write instead', async () => {
    const resolver = deltaResolver({ clock });
    await expect(
      resolver.resolve('abfss://lake@account.dfs.core.windows.net/t', 'latest'),
    ).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringContaining('abfss'),
      hint: expect.stringContaining('version number'),
    });
    expect(['/t', 't', String.raw`C:\t`, 'file:///t'].map(canReadLog)).toEqual([true, true, true, true]);
    expect(['abfss://l@a/t', 's3://b/t', 'azureml://x'].map(canReadLog)).toEqual([false, false, false]);
    await expect(resolver.resolve('file://elsewhere/t%2Fx', 'latest')).rejects.toMatchObject({
      exit_code: 2,
    });
  });

  it('reads tables by file URL', async () => {
    const url = pathToFileURL(fixtureTable('readings')).href;
    expect((await deltaResolver({ clock }).resolve(url, 'latest')).version).toBe(8);
  });
});

describe('checkColumns', () => {
  const columns = [{ name: 'temperature' }, { name: 'flow_rate' }, { name: 'Pressure' }];

  it('finds nothing missing where all are there', () => {
    expect(checkColumns(columns, ['flow_rate', 'temperature'])).toEqual({ missing: [] });
  });

  it('names each missing column once, with the nearest one', () => {
    expect(
      checkColumns(columns, ['temprature', 'pressure', 'flow_rate', 'temprature', 'vibration_x']),
    ).toEqual({
      missing: [
        { name: 'temprature', suggestion: 'temperature' },
        { name: 'pressure', suggestion: 'Pressure' },
        { name: 'vibration_x', suggestion: null },
      ],
    });
  });
});
