import { circuitFromSettings, diffSettings, settingsOf } from './settings.ts';
import type { Circuit } from './load-fleet.ts';
import type { FieldChange } from './settings.ts';

/** A circuit as it was when a plan looked at it, with the digest of its data file: what a retry trains on, whatever changed since. */
export interface FrozenCircuit {
  readonly circuit: Circuit;
  /** sha256 over the content at `data_path`; null where the circuit has none. */
  readonly data_content: string | null;
}

export const freeze = (frozen: FrozenCircuit): string =>
  JSON.stringify({ circuit: settingsOf(frozen.circuit), data_content: frozen.data_content });

export function thaw(text: string): FrozenCircuit {
  const parsed = JSON.parse(text) as { circuit: unknown; data_content: string | null };
  return { circuit: circuitFromSettings(parsed.circuit), data_content: parsed.data_content };
}

/** Field by field, what differs between two states of a circuit. */
export function diffFrozen(before: FrozenCircuit, after: FrozenCircuit): FieldChange[] {
  const changes = diffSettings(settingsOf(before.circuit), settingsOf(after.circuit));
  if (before.data_content !== after.data_content) {
    changes.push({
      field: 'data_content',
      before: short(before.data_content),
      after: short(after.data_content),
    });
  }
  return changes;
}

const short = (digest: string | null): string | null => digest?.slice(0, 12) ?? null;
