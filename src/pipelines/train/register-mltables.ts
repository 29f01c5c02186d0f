import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  dataAsset,
  dataAssetName,
  findDigests,
  mltableFor,
  registerAssets,
  settleVersion,
  snapshotData,
  writeMltable,
} from '../../assets/index.ts';
import type { DataAsset } from '../../assets/index.ts';
import { tableLocation } from '../../fleet/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { ConflictError } from '../../kernel/errors.ts';
import { writeFileWhole } from '../../kernel/files.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { eachRunCircuit, noteDataAssets } from './circuits-of-run.ts';
import { trainParams } from './params.ts';
import type { DataAssetRef, RunCircuit } from './circuits-of-run.ts';

/** One data asset per circuit of the plan: an MLTable that points at the pinned Delta version, or the circuit's own file. */
export async function registerMltables(context: StageContext): Promise<StageOutcome> {
  const compute = await context.world.compute(trainParams(context.run).provider);
  let registered = 0;
  let known = 0;
  let withoutData = 0;
  for await (const page of eachRunCircuit(context.db, context.run.id)) {
    // The next stage submits: what the provider needs for that may start while files are written here.
    if (page.some((entry) => entry.row.action === 'train')) compute.warmUp?.();
    const assets = new Map<string, DataAsset>();
    for (const entry of page) {
      const asset = await assetOf(context, entry);
      if (asset === null) withoutData++;
      else assets.set(entry.circuit.id, asset);
    }
    const digests = await findDigests(context.db, 'data', [...assets.values()]);
    for (const [id, asset] of assets) assets.set(id, settleVersion(asset, digests));
    await context.tx(async (tx) => {
      const fresh = await registerAssets(tx, [...assets.values()], {
        run_id: context.run.id,
        at: toIso(context.now()),
      });
      registered += fresh.length;
      known += assets.size - fresh.length;
      const refs = new Map<string, DataAssetRef>();
      for (const [id, a] of assets)
        refs.set(id, { name: a.name, version: a.version, type: a.type, path: a.path });
      await noteDataAssets(tx, context.run.id, refs);
    });
  }
  return { kind: 'done', counts: { registered, already_there: known, without_data: withoutData } };
}

async function assetOf(context: StageContext, entry: RunCircuit): Promise<DataAsset | null> {
  const { circuit } = entry;
  if (circuit.data_path !== null) return fileAsset(context, entry, circuit.data_path);
  if (circuit.delta_table_path !== null) return tableAsset(context, entry, circuit.delta_table_path);
  return null;
}

/** The file as the plan saw it, kept in the state folder: a retry trains on the same bytes, whatever lies there by then. */
async function fileAsset(
  { world }: StageContext,
  { circuit, data_content }: RunCircuit,
  data_path: string,
): Promise<DataAsset> {
  const digest = data_content ?? '';
  const path = await snapshotData(
    resolve(world.project, data_path),
    digest,
    join(world.store.folder, 'assets'),
  );
  const type = (await stat(path)).isDirectory() ? 'uri_folder' : 'uri_file';
  const name = dataAssetName(circuit.plant_id, circuit.circuit_id);
  return {
    kind: 'data',
    name,
    version: digest.slice(0, 12),
    type,
    digest,
    path,
    mltable: null,
    file: data_path,
    content: { type, path: data_path },
  };
}

/**
 * The MLTable file is written twice: where people and clouds look for it, pointing at the table by a relative path, and
 * under its digest in the state folder with the table's full path, where a later run that pins another version cannot
 * change it under a running job. Name, version and digest are those of the first, so they are the same on any machine.
 */
async function tableAsset(
  { world }: StageContext,
  { circuit }: RunCircuit,
  table: string,
): Promise<DataAsset> {
  const asset = await dataAsset(world.project, circuit);
  if (asset?.mltable == null || circuit.delta_version === null) {
    throw new ConflictError(`The circuit ${circuit.id} has a Delta table but no delta_version.`, {
      hint: 'Write delta_version: latest, or a version number.',
    });
  }
  const folder = join(world.store.folder, 'assets', 'mltables', asset.digest);
  await writeFileWhole(
    join(folder, 'MLTable'),
    mltableFor({
      ...circuit,
      delta_version: circuit.delta_version,
      table: tableLocation(world.project, table),
    }),
  );
  await writeMltable(world.project, circuit.plant_id, circuit.circuit_id, asset.mltable);
  return { ...asset, path: folder };
}
