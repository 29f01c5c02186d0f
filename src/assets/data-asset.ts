import { stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { sha256 } from '../kernel/digest.ts';
import { UsageError, systemCode } from '../kernel/errors.ts';
import type { NewAsset } from './asset-store.ts';
import { dataDigest } from './code-store.ts';
import { mltableFolder, mltableFor } from './mltable.ts';
import type { MltableRequest } from './mltable.ts';
import { absolutePath, isRemote } from './paths.ts';

/** What the data of a circuit is made from. Paths are relative to the project root, or URIs. */
export type CircuitData = Omit<MltableRequest, 'table' | 'delta_version'> & {
  readonly delta_table_path: string | null;
  /** Resolved: `latest` is a number by now. */
  readonly delta_version: string | number | null;
  readonly data_path: string | null;
  /** The digest of what lies at `data_path` (as `dataDigest` makes it) where it is known already; else it is read. */
  readonly data_content?: string | null;
};

export interface DataAsset extends NewAsset {
  readonly kind: 'data';
  readonly type: 'mltable' | 'uri_file' | 'uri_folder';
  /** An absolute path or a URI: of a table the folder that holds (or will hold) the MLTable file. */
  readonly path: string;
  /** Text of the MLTable file for `writeMltable`; null for files and folders. */
  readonly mltable: string | null;
}

/** `<plant>-<circuit>-data`. */
export const dataAssetName = (plantId: string | number, circuitId: string | number): string =>
  `${plantId}-${circuitId}-data`;

/**
 * The data asset of a circuit: of a `data_path` the file or folder, versioned by its content; else a table over its
 * Delta table, versioned by `delta_version`. Null where the circuit has neither. Writes nothing.
 * @throws UsageError when the data does not exist or a table has no version
 */
export async function dataAsset(projectRoot: string, circuit: CircuitData): Promise<DataAsset | null> {
  if (circuit.data_path !== null) return fileAsset(projectRoot, circuit, circuit.data_path);
  if (circuit.delta_table_path === null) return null;
  return tableAsset(projectRoot, circuit, circuit.delta_table_path);
}

/**
 * The asset under the version it gets: its own, or `<version>-<digest8>` where `registered` (digests by
 * `name:version`) has that version with other content.
 */
export function settleVersion(asset: DataAsset, registered: ReadonlyMap<string, string>): DataAsset {
  const digest = registered.get(`${asset.name}:${asset.version}`);
  if (digest === undefined || digest === asset.digest) return asset;
  return { ...asset, version: `${asset.version}-${asset.digest.slice(0, 8)}` };
}

async function fileAsset(projectRoot: string, circuit: CircuitData, dataPath: string): Promise<DataAsset> {
  const name = dataAssetName(circuit.plant_id, circuit.circuit_id);
  const { type, digest, path } = await lookAtData(projectRoot, circuit, dataPath);
  const content = { type, path: dataPath };
  return {
    kind: 'data',
    name,
    version: digest.slice(0, 12),
    type,
    digest,
    path,
    mltable: null,
    file: null,
    content,
  };
}

async function lookAtData(
  projectRoot: string,
  circuit: CircuitData,
  dataPath: string,
): Promise<{ readonly type: 'uri_file' | 'uri_folder'; readonly digest: string; readonly path: string }> {
  if (isRemote(dataPath)) {
    // What lies elsewhere cannot be read here; its address stands for it.
    const type = /\.[A-Za-z0-9]+$/.test(dataPath.slice(dataPath.lastIndexOf('/') + 1))
      ? 'uri_file'
      : 'uri_folder';
    return { type, digest: sha256(dataPath), path: dataPath };
  }
  const path = absolutePath(projectRoot, dataPath);
  try {
    const known = circuit.data_content ?? null;
    if (known === null) return { ...(await dataDigest(path)), path };
    return { type: (await stat(path)).isDirectory() ? 'uri_folder' : 'uri_file', digest: known, path };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new UsageError(
      `The data of ${circuit.plant_id}_${circuit.circuit_id} does not exist: ${dataPath}`,
      {
        hint: `data_path is relative to the project root: this one means ${path}.`,
        cause: error,
      },
    );
  }
}

function tableAsset(projectRoot: string, circuit: CircuitData, deltaTablePath: string): DataAsset {
  const { plant_id, circuit_id, delta_version } = circuit;
  if (delta_version === null) {
    throw new UsageError(`The circuit ${plant_id}_${circuit_id} has a Delta table but no delta_version.`, {
      hint: 'Write delta_version: latest or a version number.',
    });
  }
  const path = mltableFolder(projectRoot, plant_id, circuit_id);
  const table = isRemote(deltaTablePath)
    ? deltaTablePath
    : relative(path, absolutePath(projectRoot, deltaTablePath)).split(sep).join('/');
  const mltable = mltableFor({ ...circuit, delta_version, table });
  const content = { type: 'mltable', path: relative(projectRoot, path).split(sep).join('/'), mltable };
  const name = dataAssetName(plant_id, circuit_id);
  // Versions hold letters, digits, dots and dashes only; a time has colons.
  const version = String(delta_version).replaceAll(/[^A-Za-z0-9._-]/g, '-');
  return {
    kind: 'data',
    name,
    version,
    type: 'mltable',
    digest: sha256(mltable),
    path,
    mltable,
    file: null,
    content,
  };
}
