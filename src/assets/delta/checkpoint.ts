import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import type { LogFacts, TableMetadata, TableProtocol } from './actions.ts';
import { parseActionLines, parseMetadata, parseProtocol } from './actions.ts';
import { readText, unreadableFile, vanishedFile } from './log-errors.ts';
import type { Checkpoint } from './log-files.ts';
import { keepOnly } from './parquet-columns.ts';
import type { StoredFile, TableStorage } from './storage.ts';

/** What is read of a Parquet checkpoint. */
const WANTED = [
  'metaData.schemaString',
  'metaData.partitionColumns',
  'metaData.configuration',
  'protocol.minReaderVersion',
  'protocol.readerFeatures',
  'protocol.writerFeatures',
];

/**
 * What a checkpoint says of the table. Of Parquet files only a few columns are read, and only the row
 * groups that hold any of them: a checkpoint of a large table has millions of rows about files.
 * @throws UnreadableFile when the file is damaged, ConflictError when it is gone
 */
export async function readCheckpoint(
  storage: TableStorage,
  location: string,
  checkpoint: Checkpoint,
): Promise<LogFacts> {
  let metadata: TableMetadata | null = null;
  let protocol: TableProtocol | null = null;
  for (const file of checkpoint.files) {
    const read = checkpoint.format === 'json' ? readJson : readParquet;
    const facts = await read(storage, location, file);
    metadata ??= facts.metadata;
    protocol ??= facts.protocol;
    if (metadata !== null && protocol !== null) break;
  }
  if (metadata === null) {
    const first = checkpoint.files[0]?.name ?? 'a checkpoint';
    throw unreadableFile(location, first, new Error('it holds no metaData'));
  }
  return { metadata, protocol, in_commit_ms: null };
}

async function readJson(storage: TableStorage, location: string, file: StoredFile): Promise<LogFacts> {
  const text = await readText(storage, location, file.name);
  try {
    return parseActionLines(text);
  } catch (error) {
    throw unreadableFile(location, file.name, error);
  }
}

async function readParquet(storage: TableStorage, location: string, file: StoredFile): Promise<LogFacts> {
  let metadata: TableMetadata | null = null;
  let protocol: TableProtocol | null = null;
  // What goes wrong in the storage is its own error, not damage to the file; the reader would pass it on as one.
  let failure: Error | null = null;
  const buffer: AsyncBuffer = {
    byteLength: file.size_bytes,
    async slice(start, end = file.size_bytes) {
      try {
        const bytes = await storage.readRange(`_delta_log/${file.name}`, start, end);
        if (bytes === null) throw vanishedFile(location, file.name);
        return new Uint8Array(bytes).buffer;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      }
    },
  };
  // Loaded here and not above: the decompressors start WebAssembly, and most plans meet no checkpoint.
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  try {
    const footer = keepOnly(await parquetMetadataAsync(buffer), WANTED);
    for (const range of rowGroupsWithFacts(footer)) {
      for (const row of await parquetReadObjects({ file: buffer, metadata: footer, compressors, ...range })) {
        if (row['metaData'] != null) metadata = parseMetadata(row['metaData']);
        if (row['protocol'] != null) protocol = parseProtocol(row['protocol']);
      }
      if (metadata !== null && protocol !== null) break;
    }
  } catch (error) {
    throw failure ?? unreadableFile(location, file.name, error);
  }
  return { metadata, protocol, in_commit_ms: null };
}

/** The row groups whose statistics do not rule out that they hold what we want. */
function rowGroupsWithFacts(footer: FileMetaData): { rowStart: number; rowEnd: number }[] {
  let rowEnd = 0;
  const ranges = footer.row_groups.map((group) => {
    const rowStart = rowEnd;
    rowEnd += Number(group.num_rows);
    const holds = group.columns.some(({ meta_data }) => {
      const nulls = meta_data?.statistics?.null_count;
      return nulls === undefined || nulls < group.num_rows;
    });
    return holds ? { rowStart, rowEnd } : null;
  });
  return ranges.filter((range) => range !== null);
}
