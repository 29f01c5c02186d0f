import { z } from 'zod';

/** The lines of a commit or checkpoint that say what a table is; files added and removed are not looked at. */
export interface LogFacts {
  readonly metadata: TableMetadata | null;
  readonly protocol: TableProtocol | null;
  /** The commit's own time in milliseconds since 1970, where the table keeps such times. */
  readonly in_commit_ms: number | null;
}

export interface TableMetadata {
  readonly columns: readonly DeltaColumn[];
  readonly partition_columns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
}

/** A column of the table, in the table's order. */
export interface DeltaColumn {
  readonly name: string;
  /** As Delta names it: `double`, `timestamp`, `decimal(10,2)`, `array<double>`, `struct<a:long>`, `map<string,long>`. */
  readonly type: string;
  readonly nullable: boolean;
}

export interface TableProtocol {
  readonly min_reader_version: number;
  /** Features that readers or writers must know. */
  readonly features: ReadonlySet<string>;
}

// Delta's own names, in its own spelling.
const RawMetadata = z.object({
  schemaString: z.string(),
  partitionColumns: z.array(z.string()).nullish(),
  configuration: z.record(z.string(), z.string().nullish()).nullish(),
});
const RawProtocol = z.object({
  minReaderVersion: z.number().int(),
  readerFeatures: z.array(z.string()).nullish(),
  writerFeatures: z.array(z.string()).nullish(),
});
const RawCommitInfo = z.object({ inCommitTimestamp: z.number().int().nullish() });
const RawSchema = z.object({
  fields: z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean().default(true) })),
});
const RawType = z.union([
  z.string(),
  z.object({ type: z.literal('array'), elementType: z.unknown() }),
  z.object({ type: z.literal('map'), keyType: z.unknown(), valueType: z.unknown() }),
  z.object({ type: z.literal('struct'), ...RawSchema.shape }),
]);

/** The key of a line's one action: always first, so that lines about files need no parsing. */
const ACTION = /^\s*\{\s*"(metaData|protocol|commitInfo)"\s*:/;

/**
 * The facts in a commit or a JSON checkpoint, one action per line.
 * @throws when a line that matters does not parse; the message says which
 */
export function parseActionLines(text: string): LogFacts {
  let metadata: TableMetadata | null = null;
  let protocol: TableProtocol | null = null;
  let in_commit_ms: number | null = null;
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    const action = ACTION.exec(line)?.[1];
    if (action === undefined) continue;
    try {
      const body = z.record(z.string(), z.unknown()).parse(JSON.parse(line))[action];
      if (action === 'metaData') metadata = parseMetadata(body);
      else if (action === 'protocol') protocol = parseProtocol(body);
      else in_commit_ms = RawCommitInfo.parse(body).inCommitTimestamp ?? null;
    } catch (cause) {
      throw new Error(`line ${number}, ${action}, is not what it must be`, { cause });
    }
  }
  return { metadata, protocol, in_commit_ms };
}

/** @throws when it is not a `metaData` action */
export function parseMetadata(raw: unknown): TableMetadata {
  const { schemaString, partitionColumns, configuration } = RawMetadata.parse(raw);
  const { fields } = RawSchema.parse(JSON.parse(schemaString));
  return {
    columns: fields.map(({ name, type, nullable }) => ({ name, type: typeText(type), nullable })),
    partition_columns: partitionColumns ?? [],
    configuration: Object.fromEntries(
      Object.entries(configuration ?? {}).flatMap(([k, v]) => (v == null ? [] : [[k, v]])),
    ),
  };
}

/** @throws when it is not a `protocol` action */
export function parseProtocol(raw: unknown): TableProtocol {
  const { minReaderVersion, readerFeatures, writerFeatures } = RawProtocol.parse(raw);
  return {
    min_reader_version: minReaderVersion,
    features: new Set([...(readerFeatures ?? []), ...(writerFeatures ?? [])]),
  };
}

function typeText(raw: unknown): string {
  const type = RawType.parse(raw);
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeText(type.elementType)}>`;
    case 'map':
      return `map<${typeText(type.keyType)},${typeText(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}:${typeText(field.type)}`).join(',')}>`;
  }
}
