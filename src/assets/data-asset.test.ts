import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { parseYaml } from '../kernel/yaml.ts';
import { dataAsset, settleVersion } from './data-asset.ts';
import type { CircuitData } from './data-asset.ts';
import { mltableFor, writeMltable } from './mltable.ts';
import type { MltableRequest } from './mltable.ts';
import { testProject } from './test-project.ts';

const PLAIN: MltableRequest = {
  ...{ plant_id: 'flottec', circuit_id: 2110, table: '../../../../delta/sensors', delta_version: 12 },
  ...{ cutoff_date: null, training_days: null, features: null, filter: null },
  ...{ plant_column: null, circuit_column: null, time_column: null },
};
const FULL: MltableRequest = {
  ...PLAIN,
  ...{ cutoff_date: '2026-03-01', training_days: 30, features: ['temp', 'time'], filter: 'col("temp") > 3' },
  ...{ plant_column: 'plant', circuit_column: 'circuit', time_column: 'time' },
};

describe('mltableFor', () => {
  it('reads the table at its version and filters by nothing that is not set', () => {
    expect(mltableFor(PLAIN)).toBe(`$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
  - folder: "../../../../delta/sensors"
transformations:
  - read_delta_lake:
      version_as_of: 12
`);
  });

  it('filters by plant, circuit and the window (cutoff - days, cutoff], then by the circuit, then keeps its columns', () => {
    expect(parseYaml(mltableFor(FULL), 'MLTable')).toMatchObject({
      transformations: [
        { read_delta_lake: { version_as_of: 12 } },
        { filter: 'col("plant") == "flottec"' },
        { filter: 'col("circuit") == 2110' },
        { filter: 'col("time") >= datetime(2026, 1, 31)' },
        { filter: 'col("time") < datetime(2026, 3, 2)' },
        { filter: 'col("temp") > 3' },
        { keep_columns: ['plant', 'circuit', 'time', 'temp'] },
      ],
    });
  });

  it('has no lower bound without training_days, and takes a cutoff with a time to the second', () => {
    const text = mltableFor({ ...FULL, training_days: null, cutoff_date: '2026-03-01T06:30:00+02:00' });
    expect(text).not.toContain('> datetime');
    expect(text).not.toContain('>= datetime');
    expect(text).toContain('<= datetime(2026, 3, 1, 4, 30, 0)');
  });

  it('takes a time instead of a version', () => {
    expect(parseYaml(mltableFor({ ...PLAIN, delta_version: '2026-01-31' }), '')).toMatchObject({
      transformations: [{ read_delta_lake: { timestamp_as_of: '2026-01-31T00:00:00Z' } }],
    });
  });

  it('keeps parts of seconds: a commit of that very moment belongs to it', () => {
    expect(mltableFor({ ...PLAIN, delta_version: '2026-01-31T10:00:00.250Z' })).toContain(
      'timestamp_as_of: "2026-01-31T10:00:00.250Z"',
    );
  });

  it.each(['latest', '2026-02-30', '-1', ''])('refuses the version %j', (delta_version) => {
    expect(() => mltableFor({ ...PLAIN, delta_version })).toThrow(UsageError);
  });

  it('is YAML that says what it was given, whatever that holds', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('"', '\\', '\n', ':', '#', "'", '\u0085', '\u2028', '\ufeff', '%', '{'),
        fc.string({ maxLength: 1, minLength: 1, unit: 'binary' }),
      ),
    });
    fc.assert(
      fc.property(text, text, fc.array(text), (table, filter, features) => {
        const read = parseYaml(mltableFor({ ...PLAIN, table, filter, features }), 'MLTable');
        const keep = features.length === 0 ? [] : [{ keep_columns: [...new Set(features)] }];
        expect(read).toMatchObject({
          paths: [{ folder: table }],
          transformations: [{}, { filter }, ...keep],
        });
      }),
    );
  });

  it('keeps a hostile id inside its string', () => {
    const text = mltableFor({ ...FULL, plant_id: '" or col("x") == "' });
    expect(parseYaml(text, '')).toMatchObject({
      transformations: [{}, { filter: 'col("plant") == "\\" or col(\\"x\\") == \\""' }, {}, {}, {}, {}, {}],
    });
  });
});

describe('writeMltable', () => {
  it('writes below data/mltables, and only what differs', async () => {
    const root = await testProject();
    const first = await writeMltable(root, 'flottec', 2110, 'a\n');
    expect(first).toEqual({ folder: join(root, 'data/mltables/flottec/2110'), written: true });
    const { mtimeMs } = await stat(join(first.folder, 'MLTable'));
    expect((await writeMltable(root, 'flottec', 2110, 'a\n')).written).toBe(false);
    expect((await stat(join(first.folder, 'MLTable'))).mtimeMs).toBe(mtimeMs);
    expect((await writeMltable(root, 'flottec', 2110, 'b\n')).written).toBe(true);
    expect(await readFile(join(first.folder, 'MLTable'), 'utf8')).toBe('b\n');
  });

  it.each(['..', '.', '', 'a/b', '../x', 'a\\b'])('refuses the id %j as a folder', async (id) => {
    await expect(writeMltable(await testProject(), id, 'c', 'x')).rejects.toThrow(UsageError);
    await expect(writeMltable(await testProject(), 'p', id, 'x')).rejects.toThrow(UsageError);
  });
});

describe('dataAsset', () => {
  const circuit = (over: Partial<CircuitData>): CircuitData => ({
    ...FULL,
    delta_table_path: null,
    data_path: null,
    ...over,
  });

  it('makes a table of a Delta table, with a path that is the same on every machine', async () => {
    const root = await testProject();
    const asset = await dataAsset(root, circuit({ delta_table_path: 'delta/sensors' }));
    expect(asset).toMatchObject({
      ...{
        kind: 'data',
        name: 'flottec-2110-data',
        version: '12',
        type: 'mltable',
        path: join(root, 'data/mltables/flottec/2110'),
      },
      content: { type: 'mltable', path: 'data/mltables/flottec/2110' },
    });
    expect(asset?.mltable).toContain('folder: "../../../../delta/sensors"');
    expect(asset?.digest).toBe(
      (await dataAsset(await testProject(), circuit({ delta_table_path: './delta/sensors' })))?.digest,
    );
    const remote = await dataAsset(
      root,
      circuit({
        delta_table_path: 'abfss://c@a.dfs.core.windows.net/t',
        delta_version: '2026-01-31T00:00:00Z',
      }),
    );
    expect(remote?.version).toBe('2026-01-31T00-00-00Z');
    expect(remote?.mltable).toContain('folder: "abfss://c@a.dfs.core.windows.net/t"');
  });

  it('versions a file or folder by its content', async () => {
    const root = await testProject({ 'data/a.csv': '1\n', 'data/d/x.csv': '1\n' });
    const file = await dataAsset(
      root,
      circuit({ data_path: 'data/a.csv', delta_table_path: 'delta/sensors' }),
    );
    expect(file).toMatchObject({ type: 'uri_file', path: join(root, 'data/a.csv'), mltable: null });
    expect(file?.version).toBe(file?.digest.slice(0, 12));
    expect(await dataAsset(root, circuit({ data_path: 'data/d' }))).toMatchObject({ type: 'uri_folder' });
    await writeFile(join(root, 'data/a.csv'), '2\n');
    expect((await dataAsset(root, circuit({ data_path: 'data/a.csv' })))?.version).not.toBe(file?.version);
  });

  it('has none without data, and says what is missing', async () => {
    const root = await testProject();
    expect(await dataAsset(root, circuit({}))).toBeNull();
    await expect(dataAsset(root, circuit({ data_path: 'no.csv' }))).rejects.toThrow(
      'The data of flottec_2110 does not exist: no.csv',
    );
    await expect(dataAsset(root, circuit({ delta_table_path: 'd', delta_version: null }))).rejects.toThrow(
      'no delta_version',
    );
  });

  it('gets a longer version only where its own is taken by other content', async () => {
    const asset = await dataAsset(await testProject(), circuit({ delta_table_path: 'delta' }));
    if (asset === null) throw new Error('no asset');
    expect(settleVersion(asset, new Map()).version).toBe('12');
    expect(settleVersion(asset, new Map([['flottec-2110-data:12', asset.digest]])).version).toBe('12');
    expect(settleVersion(asset, new Map([['flottec-2110-data:12', 'other']])).version).toBe(
      `12-${asset.digest.slice(0, 8)}`,
    );
  });

  it('believes a digest that is known, without reading the data', async () => {
    const root = await testProject({ 'a.csv': '1\n' });
    const known = 'ab'.repeat(32);
    const asset = await dataAsset(root, circuit({ data_path: 'a.csv', data_content: known }));
    expect(asset).toMatchObject({ type: 'uri_file', digest: known, version: known.slice(0, 12) });
  });
});
