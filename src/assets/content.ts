import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import { isMapping } from './yaml-document.ts';
import type { Mapping } from './yaml-document.ts';

/** Parsed YAML as plain JSON values: `1.0` becomes 1, an integer too large for a number becomes text. */
export function plainContent(value: Mapping): Mapping {
  return mapEntries(value, plain);
}

/** A digest over parsed YAML that still tells `1.0` from `1`: a command sees the difference. */
export const contentDigest = (value: unknown): string => sha256(canonicalJson(exact(value)));

function plain(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.value;
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  return isMapping(value) ? mapEntries(value, plain) : value;
}

function exact(value: unknown): unknown {
  if (value instanceof WholeFloat) return { float: value.value };
  if (Array.isArray(value)) return value.map(exact);
  return isMapping(value) ? mapEntries(value, exact) : value;
}

const mapEntries = (value: Mapping, change: (v: unknown) => unknown): Mapping =>
  Object.fromEntries(Object.entries(value).map(([k, v]) => [k, change(v)]));
