export interface SettingLine {
  /** As the file has it, from its top: `gates.training-retry.required`. */
  readonly key: string;
  readonly name: string;
  readonly depth: number;
  readonly value: unknown;
  /** Stands above what it holds. */
  readonly heading: boolean;
}

/** A setting and all below it, one line each, in the order of the file; lists of plain values stay in one line. */
export function settingLines(name: string, value: unknown, key = name, depth = 0): SettingLine[] {
  const line = { key, name, depth, value };
  const parts = partsOf(value);
  if (parts === null) return [{ ...line, heading: false }];
  return [
    { ...line, heading: true },
    ...parts.flatMap(([part, inner]) => settingLines(part, inner, `${key}.${part}`, depth + 1)),
  ];
}

/** What a value is made of, or null where it is shown as it is. */
function partsOf(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (typeof value !== 'object' || value === null || '$float' in value) return null;
  const parts = Object.entries(value);
  if (parts.length === 0) return null;
  const plain = Array.isArray(value) && value.every((each) => typeof each !== 'object' || each === null);
  return plain ? null : parts;
}
