import { describe, expect, it } from 'vitest';
import {
  MemoryTable,
  commitName,
  copyOfTable,
  fixtureTable,
  lines,
  memoryTable,
  metaData,
  protocol,
  setCommitTimes,
} from '../../../test/fixtures/delta-tables.ts';
import { localStorage } from './storage.ts';
import type { DeltaTable } from './table.ts';
import { openDeltaTable } from './table.ts';

const NOW = '2026-06-01T00:00:00.000Z';
const asOf = (table: DeltaTable, time: string, now = NOW): Promise<number> =>
  table.versionAsOf(Date.parse(time), Date.parse(now));
const open = (folder: string): Promise<DeltaTable> => openDeltaTable(localStorage(folder), folder);
const day = (n: number, rest = 'T00:00:00.000Z'): string => `2026-03-${String(n).padStart(2, '0')}${rest}`;

describe('versionAsOf', () => {
  it('is the last version committed at that time or before', async () => {
    const folder = await copyOfTable('readings');
    await setCommitTimes(
      folder,
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => day(n)),
    );
    const table = await open(folder);
    expect(await asOf(table, day(1))).toBe(0);
    expect(await asOf(table, day(1, 'T23:59:59.999Z'))).toBe(0);
    expect(await asOf(table, day(2))).toBe(1);
    expect(await asOf(table, day(8, 'T12:00:00.000Z'))).toBe(7);
    expect(await asOf(table, day(9))).toBe(8);
    expect(await table.timestampAt(8)).toBe(day(9));
  });

  it('is the latest version for a time after the last commit that has passed', async () => {
    const table = await openDeltaTable(memoryTable(8), 'm');
    expect(await asOf(table, day(20))).toBe(8);
    expect(await asOf(table, NOW)).toBe(8);
  });

  it('does not exist yet in the future', async () => {
    const table = await openDeltaTable(memoryTable(8), 'm');
    await expect(asOf(table, '2026-06-01T00:00:00.001Z')).rejects.toMatchObject({
      exit_code: 2,
      message: 'The time 2026-06-01T00:00:00.001Z for the Delta table m lies in the future.',
      hint: expect.stringContaining('latest'),
    });
  });

  it('is an error before the earliest version that can be read, which is named', async () => {
    const table = await openDeltaTable(memoryTable(8), 'm');
    await expect(asOf(table, '2026-02-28T23:59:59.999Z')).rejects.toMatchObject({
      exit_code: 5,
      message: `The Delta table m has no version as of 2026-02-28T23:59:59.999Z: the earliest that can be read is version 0 of ${day(1)}.`,
      hint: 'Write a later time, or `delta_version: 0`.',
    });
    const folder = await copyOfTable('readings-cleaned');
    const times = localStorage(folder);
    const cleaned = await openDeltaTable(
      {
        ...times,
        list: async (name, options) =>
          (await times.list(name, options))?.map((file) => ({ ...file, modified_at: day(5) })) ?? null,
      },
      folder,
    );
    await expect(asOf(cleaned, day(4))).rejects.toMatchObject({
      message: expect.stringContaining(`version 4 of ${day(5)}`),
    });
    expect(await asOf(cleaned, day(5))).toBe(4);
  });

  it('lets times grow with the version by a millisecond at least, whatever the files say', async () => {
    const folder = await copyOfTable('readings');
    const all = day(10);
    await setCommitTimes(folder, [all, all, day(2), all, all, day(1), all, day(11), day(11)]);
    const table = await open(folder);
    expect(await asOf(table, all)).toBe(0);
    expect(await asOf(table, day(10, 'T00:00:00.004Z'))).toBe(4);
    expect(await asOf(table, day(10, 'T23:59:59.999Z'))).toBe(6);
    expect(await asOf(table, day(11))).toBe(7);
    expect(await asOf(table, day(11, 'T00:00:00.001Z'))).toBe(8);
  });

  it('passes over versions whose own commit file is gone', async () => {
    const storage = memoryTable(6).put(
      `${'4'.padStart(20, '0')}.checkpoint.11111111-1111-1111-1111-111111111111.json`,
      lines(protocol(), metaData(['a'])),
    );
    for (const version of [0, 1, 2, 3, 4]) storage.files.delete(`_delta_log/${commitName(version)}`);
    const table = await openDeltaTable(storage, 'm');
    expect(await asOf(table, day(6))).toBe(5);
    await expect(asOf(table, day(5))).rejects.toMatchObject({
      message: expect.stringContaining('version 5'),
    });
    for (const version of [5, 6]) storage.files.delete(`_delta_log/${commitName(version)}`);
    await expect(asOf(await openDeltaTable(storage, 'm'), day(5))).rejects.toMatchObject({
      exit_code: 5,
      hint: 'Write `delta_version: 4`, or `latest`.',
    });
  });
});

describe('in-commit timestamps', () => {
  it('count from the version that switched them on; file times count before it and nowhere else', async () => {
    const folder = await copyOfTable('in-commit');
    // The files of the last versions look old, those of the first look as if they were written late.
    const late = day(3, 'T12:00:00.000Z');
    await setCommitTimes(folder, [day(1), day(2), late, day(1), day(1), day(1), day(1)]);
    const table = await open(folder);
    expect(await asOf(table, day(2))).toBe(1);
    expect(await asOf(table, day(3, 'T23:00:00.000Z'))).toBe(2);
    expect(await asOf(table, day(4))).toBe(3);
    expect(await asOf(table, day(6, 'T23:59:59.999Z'))).toBe(5);
    expect(await asOf(table, day(30))).toBe(6);
    expect(await table.timestampAt(2)).toBe(late);
    expect(await table.timestampAt(5)).toBe(day(6));
  });

  it('are looked up by halving, not by reading every commit', async () => {
    const storage = new MemoryTable();
    for (let version = 0; version <= 1000; version++) {
      const info = { commitInfo: { inCommitTimestamp: Date.parse(day(1)) + version * 1000 } };
      const created = [protocol(), metaData(['a'], { 'delta.enableInCommitTimestamps': 'true' })];
      storage.put(commitName(version), lines(info, ...(version === 0 || version === 1000 ? created : [])));
    }
    const table = await openDeltaTable(storage, 'm');
    expect(await asOf(table, day(1, 'T00:05:00.500Z'))).toBe(300);
    expect(storage.reads.length).toBeLessThan(40);
    await expect(asOf(table, day(1).replace('03', '02'))).rejects.toMatchObject({
      message: expect.stringContaining(`version 0 of ${day(1)}`),
    });
  });

  it('that a commit lacks are an error, with a way out', async () => {
    const storage = new MemoryTable().put(
      commitName(0),
      lines(protocol(), metaData(['a'], { 'delta.enableInCommitTimestamps': 'true' })),
    );
    const table = await openDeltaTable(storage, 'm');
    await expect(asOf(table, day(5))).rejects.toMatchObject({
      exit_code: 2,
      hint: expect.stringContaining('version number'),
    });
    expect(await table.timestampAt(0)).toBeNull();
  });

  it('are read from the fixture that the reference reader reads too', async () => {
    const table = await open(fixtureTable('in-commit'));
    expect(await table.timestampAt(3)).toBe(day(4));
  });
});
