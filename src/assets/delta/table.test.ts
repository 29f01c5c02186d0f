import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MemoryTable,
  commitName,
  copyOfTable,
  expectedOf,
  fixtureTable,
  lines,
  memoryTable,
  metaData,
  protocol,
} from '../../../test/fixtures/delta-tables.ts';
import { UsageError } from '../../kernel/errors.ts';
import { localStorage } from './storage.ts';
import type { DeltaTable } from './table.ts';
import { openDeltaTable } from './table.ts';

const open = (folder: string): Promise<DeltaTable> => openDeltaTable(localStorage(folder), folder);
const names = async (table: DeltaTable, version: number): Promise<string[]> =>
  (await table.schemaAt(version)).map((column) => column.name);
const checkpointOf = (version: number): string => commitName(version).replace('.json', '.checkpoint.parquet');

describe('openDeltaTable', () => {
  it.each(['readings', 'readings-cleaned', 'readings-multipart', 'in-commit'])(
    'reads every version of %s as the reference reader does',
    async (name) => {
      const table = await open(fixtureTable(name));
      const expected = expectedOf(name);
      expect(expected.size).toBeGreaterThan(4);
      expect(await table.earliestVersion()).toBe(Math.min(...expected.keys()));
      expect(await table.latestVersion()).toBe(Math.max(...expected.keys()));
      for (const [version, { names: columns, partition_columns }] of expected) {
        expect(await names(table, version)).toEqual(columns);
        expect(await table.partitionColumnsAt(version)).toEqual(partition_columns);
      }
    },
  );

  it.each(['readings-v2-parquet', 'readings-v2-json'])(
    'reads the top-level file of v2 checkpoints: %s',
    async (name) => {
      const table = await open(fixtureTable(name));
      const expected = expectedOf('readings');
      expect(await table.earliestVersion()).toBe(4);
      for (const version of [4, 5, 8])
        expect(await names(table, version)).toEqual(expected.get(version)?.names);
    },
  );

  it('names types as Delta does, nested ones too', async () => {
    const table = await open(fixtureTable('readings'));
    const types = Object.fromEntries((await table.schemaAt(8)).map(({ name, type }) => [name, type]));
    expect(types).toEqual({
      circuit_id: 'string',
      time: 'timestamp',
      temperature: 'double',
      pressure: 'double',
      plant_id: 'string',
      flow_rate: 'long',
      spectrum: 'array<double>',
    });
    const nested = new MemoryTable().put(
      commitName(0),
      lines(protocol(), {
        metaData: {
          schemaString: JSON.stringify({
            type: 'struct',
            fields: [
              {
                name: 'n',
                nullable: false,
                type: {
                  type: 'map',
                  keyType: 'string',
                  valueType: {
                    type: 'struct',
                    fields: [
                      { name: 'a', type: 'decimal(10,2)' },
                      { name: 'b', type: 'long' },
                    ],
                  },
                },
              },
            ],
          }),
        },
      }),
    );
    expect(await (await openDeltaTable(nested, 'm')).schemaAt(0)).toEqual([
      { name: 'n', type: 'map<string,struct<a:decimal(10,2),b:long>>', nullable: false },
    ]);
  });

  it('takes _last_checkpoint as a hint only', async () => {
    const expected = expectedOf('readings').get(8)?.names;
    for (const content of [
      null,
      '',
      '{"version":',
      '{}',
      '{"version":-1}',
      '{"version":2}',
      '{"version":7}',
      '{"version":99}',
    ]) {
      const folder = await copyOfTable('readings');
      const hint = join(folder, '_delta_log', '_last_checkpoint');
      if (content === null) await rm(hint);
      else await writeFile(hint, content);
      const table = await open(folder);
      expect(await table.latestVersion(), `${content}`).toBe(8);
      expect(await names(table, 8), `${content}`).toEqual(expected);
      expect(await table.earliestVersion(), `${content}`).toBe(0);
    }
  });

  it('lists the log from the hinted checkpoint on, and all of it only for older versions', async () => {
    const storage = memoryTable(20).put('_last_checkpoint', '{"version":10}');
    storage.put(
      `${'10'.padStart(20, '0')}.checkpoint.11111111-1111-1111-1111-111111111111.json`,
      lines(protocol(), metaData(['b'])),
    );
    const table = await openDeltaTable(storage, 'm');
    await table.latestVersion();
    expect(storage.lists).toEqual(['10'.padStart(20, '0')]);
    expect(await names(table, 9)).toEqual(['a']);
    expect(storage.lists).toEqual(['10'.padStart(20, '0'), null]);
  });

  it('reads only the newest checkpoint and the commits after it', async () => {
    const storage = memoryTable(1000);
    for (const version of [500, 990]) {
      storage.put(
        `${String(version).padStart(20, '0')}.checkpoint.11111111-1111-1111-1111-11111111111${version === 500 ? 0 : 1}.json`,
        lines(protocol(), metaData([`from_${version}`])),
      );
    }
    const table = await openDeltaTable(storage, 'm');
    expect(await names(table, await table.latestVersion())).toEqual(['from_990']);
    expect(storage.reads.filter((name) => name !== '_last_checkpoint')).toHaveLength(11);
  });

  it('stops looking back where schema and protocol are found', async () => {
    const storage = memoryTable(1000).put(commitName(995), lines(protocol(), metaData(['new'])));
    const table = await openDeltaTable(storage, 'm');
    expect(await names(table, 1000)).toEqual(['new']);
    expect(storage.reads.length).toBeLessThan(40);
  });

  it('finds the newest schema wherever it lies', async () => {
    for (let changed = 0; changed <= 40; changed++) {
      const storage = memoryTable(40).put(commitName(changed), lines(protocol(), metaData(['new'])));
      const table = await openDeltaTable(storage, 'm');
      expect(await names(table, 40)).toEqual(['new']);
      if (changed > 0) expect(await names(table, changed - 1)).toEqual(['a']);
    }
  });

  it('leaves out compacted logs, checksums, temporary files and folders', async () => {
    const storage = memoryTable(3)
      .put(`${'4'.padStart(20, '0')}.${'9'.padStart(20, '0')}.compacted.json`, 'x')
      .put(`${'5'.padStart(20, '0')}.crc`, 'x')
      .put(`.${commitName(6)}.tmp`, 'x')
      .put(`${commitName(7)}.11111111-1111-1111-1111-111111111111.tmp`, 'x')
      .put(`_commits/${commitName(8)}`, 'x')
      .put(`_staged_commits/${'9'.padStart(20, '0')}.11111111-1111-1111-1111-111111111111.json`, 'x')
      .put('_sidecars/11111111-1111-1111-1111-111111111111.parquet', 'x')
      .put(checkpointOf(2), '');
    const table = await openDeltaTable(storage, 'm');
    expect(await table.latestVersion()).toBe(3);
    expect(await names(table, 3)).toEqual(['a']);
  });

  it('leaves out a multi-part checkpoint of which a part is missing', async () => {
    const folder = await copyOfTable('readings-multipart');
    const log = join(folder, '_delta_log');
    expect((await readdir(log)).filter((name) => name.includes('6.checkpoint'))).toHaveLength(1);
    await rm(join(log, `${'4'.padStart(20, '0')}.checkpoint.0000000002.0000000003.parquet`));
    await expect((await open(folder)).latestVersion()).rejects.toMatchObject({
      message: expect.stringContaining('commit 4'),
    });
  });

  it('falls back to the commits when a checkpoint is damaged, and says so when they are gone', async () => {
    for (const size of [0, 7, 5000]) {
      const folder = await copyOfTable('readings');
      await truncate(join(folder, '_delta_log', checkpointOf(4)), size);
      const table = await open(folder);
      expect(await names(table, 4)).toEqual(expectedOf('readings').get(4)?.names);
    }
    const folder = await copyOfTable('readings-cleaned');
    await truncate(join(folder, '_delta_log', checkpointOf(4)), 5000);
    const failed = (await open(folder)).schemaAt(5);
    await expect(failed).rejects.toBeInstanceOf(UsageError);
    await expect(failed).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringMatching(
        /readings-cleaned is damaged: _delta_log\/0{19}4\.checkpoint\.parquet cannot be read/,
      ),
      hint: expect.stringContaining('backup'),
    });
  });
});

describe('a missing table', () => {
  it('is told from a folder without a log, a log without commits and a path into the table', async () => {
    const folder = await copyOfTable('readings');
    const nowhere = join(folder, 'nowhere');
    await expect(open(nowhere)).rejects.toMatchObject({
      exit_code: 5,
      message: `There is no Delta table at ${nowhere}: there is no such folder.`,
      hint: expect.stringContaining('delta_table_path'),
    });
    await expect(open(join(folder, 'plant_id=flottec'))).rejects.toMatchObject({
      exit_code: 5,
      message: expect.stringContaining('the folder has no _delta_log'),
      hint: expect.stringContaining('data_path'),
    });
    await expect(open(join(folder, '_delta_log'))).rejects.toMatchObject({
      exit_code: 5,
      hint: expect.stringContaining("table's folder"),
    });
    for (const name of await readdir(join(folder, '_delta_log'))) await rm(join(folder, '_delta_log', name));
    await expect(open(folder)).rejects.toMatchObject({
      exit_code: 5,
      message: expect.stringContaining('holds no commit'),
    });
  });

  it('is also what a path to a file is', async () => {
    const file = join(fixtureTable('readings'), '_delta_log', commitName(0));
    await expect(open(file)).rejects.toMatchObject({
      exit_code: 5,
      message: expect.stringContaining('no such folder'),
    });
  });

  it('that disappears while it is read is said to have changed', async () => {
    const folder = await copyOfTable('readings');
    const table = await open(folder);
    await rm(folder, { recursive: true });
    await expect(table.latestVersion()).rejects.toMatchObject({
      exit_code: 6,
      message: expect.stringContaining('changed while it was read'),
    });
    await expect(table.schemaAt(1)).rejects.toMatchObject({ exit_code: 5 });
    const checkpoint = await copyOfTable('readings-cleaned');
    const opened = await open(checkpoint);
    await rm(join(checkpoint, '_delta_log', checkpointOf(4)));
    await expect(opened.schemaAt(4)).rejects.toMatchObject({
      exit_code: 6,
      message: expect.stringContaining('4.checkpoint.parquet is gone'),
    });
  });
});

describe('a missing version', () => {
  it('beyond the latest names what is there', async () => {
    await expect((await open(fixtureTable('readings'))).schemaAt(12)).rejects.toMatchObject({
      exit_code: 5,
      message: `The Delta table ${fixtureTable('readings')} has no version 12: its latest is 8.`,
      hint: 'Versions 0 to 8 can still be read: write one of them as `delta_version`, or `latest`.',
    });
  });

  it('whose log was cleaned up names what is left', async () => {
    await expect((await open(fixtureTable('readings-cleaned'))).schemaAt(3)).rejects.toMatchObject({
      exit_code: 5,
      message: `Version 3 of the Delta table ${fixtureTable('readings-cleaned')} can no longer be read: the log before version 4 was cleaned up.`,
      hint: 'Versions 4 to 8 can still be read: write one of them as `delta_version`, or `latest`.',
    });
  });

  it('behind a gap is a damaged log that names the missing file, and versions before the gap stay readable', async () => {
    const folder = await copyOfTable('readings');
    await rm(join(folder, '_delta_log', commitName(6)));
    const table = await open(folder);
    for (const reading of [table.latestVersion(), table.schemaAt(7), table.schemaAt(6)]) {
      await expect(reading).rejects.toMatchObject({
        exit_code: 2,
        message: expect.stringMatching(
          /is damaged: commit 6 \(0{19}6\.json\) is missing, so version [678] cannot be read/,
        ),
        hint: 'Restore the file from a backup. Versions 0 to 5 can still be read and can be written as `delta_version`.',
      });
    }
    expect(await names(table, 5)).toEqual(expectedOf('readings').get(5)?.names);
  });

  it('in a log with neither its start nor a checkpoint is a damaged log', async () => {
    const storage = memoryTable(5);
    storage.files.delete(`_delta_log/${commitName(0)}`);
    const table = await openDeltaTable(storage, 'm');
    await expect(table.latestVersion()).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringContaining('commit 0'),
    });
    await expect(table.earliestVersion()).rejects.toMatchObject({
      exit_code: 2,
      hint: 'Restore the missing files from a backup.',
    });
  });

  it('does not hide a version for which only the checkpoint is left', async () => {
    const folder = await copyOfTable('readings-cleaned');
    await rm(join(folder, '_delta_log', commitName(4)));
    const table = await open(folder);
    expect(await table.earliestVersion()).toBe(4);
    expect(await names(table, 4)).toEqual(expectedOf('readings').get(4)?.names);
    expect(await table.timestampAt(4)).toBeNull();
  });
});

describe('what cannot be understood', () => {
  it('in a commit names file and line', async () => {
    const folder = await copyOfTable('readings');
    const file = join(folder, '_delta_log', commitName(6));
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, text.indexOf('schemaString')));
    await expect((await open(folder)).schemaAt(8)).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringMatching(
        /0{19}6\.json cannot be read \(line 2, metaData, is not what it must be\)/,
      ),
    });
  });

  it('is a log in which nothing says what the columns are', async () => {
    const storage = new MemoryTable().put(commitName(0), lines(protocol()));
    await expect((await openDeltaTable(storage, 'm')).schemaAt(0)).rejects.toMatchObject({
      exit_code: 2,
      message: expect.stringContaining('no commit holds metaData'),
    });
  });

  it('is a reader version that nobody knows yet, while unknown features of known versions do not matter to the log', async () => {
    const newer = new MemoryTable().put(commitName(0), lines(protocol(4), metaData(['a'])));
    await expect((await openDeltaTable(newer, 'm')).latestVersion()).rejects.toMatchObject({
      exit_code: 2,
      message: 'The Delta table m needs a reader of version 4; versions up to 3 are known.',
    });
    const features = protocol(3, { readerFeatures: ['deletionVectors', 'somethingNew'] });
    const known = new MemoryTable().put(commitName(0), lines(features, metaData(['a'])));
    expect(await (await openDeltaTable(known, 'm')).latestVersion()).toBe(0);
  });

  it('is the latest version of a table that a catalog manages; its published versions can be read', async () => {
    for (const feature of ['catalogManaged', 'coordinatedCommits-preview']) {
      const storage = new MemoryTable().put(
        commitName(0),
        lines(protocol(3, { writerFeatures: [feature] }), metaData(['a'])),
      );
      const table = await openDeltaTable(storage, 'm');
      await expect(table.latestVersion()).rejects.toMatchObject({
        exit_code: 2,
        message: expect.stringContaining(feature),
      });
      expect(await names(table, 0)).toEqual(['a']);
    }
  });
});
