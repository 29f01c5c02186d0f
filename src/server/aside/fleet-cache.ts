import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { KnownDebt } from '../../actions/index.ts';
import { CAUSES, CIRCUIT_STATES } from '../../fleet/index.ts';
import type { CircuitStanding } from '../../fleet/index.ts';
import { writeFileWhole } from '../../kernel/files.ts';

/**
 * How the fleet stood when it was last looked at, kept so that a server that has just started has an answer, and so that
 * debts keep their age. It lies in the cache and may be deleted: then debts are as old as the next look.
 */
const Kept = z.object({
  format: z.literal(1),
  at: z.string(),
  circuits: z.array(
    z.object({
      id: z.string(),
      plant_id: z.string(),
      circuit_id: z.string(),
      model_name: z.string(),
      state: z.enum(CIRCUIT_STATES),
      cause: z.enum(CAUSES),
      reason: z.string(),
      training_hash: z.string(),
      inputs_digest: z.string(),
      previous_hash: z.string().nullable(),
      line: z.int(),
      good: z.object({ version: z.int(), created_at: z.string() }).nullable(),
      owed_since: z.string().nullable(),
    }),
  ),
});
type Kept = z.infer<typeof Kept>;

const fileIn = (folder: string): string => join(folder, 'cache', 'fleet.json');

/** Null where nothing was kept, or by another version. */
export async function readFleetCache(folder: string): Promise<Kept | null> {
  const text = await readFile(fileIn(folder), 'utf8').catch(() => '');
  try {
    return Kept.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function readDebts(folder: string): Promise<Map<string, KnownDebt>> {
  return new Map((await readFleetCache(folder))?.circuits.map((c) => [c.id, c]));
}

/** Settings and changes are large and read again soon. Failing to keep it is no failure. */
export async function writeFleetCache(
  folder: string,
  at: string,
  circuits: readonly CircuitStanding[],
): Promise<void> {
  const kept: Kept = {
    format: 1,
    at,
    circuits: circuits.map(({ settings: _settings, changes: _changes, ...standing }) => standing),
  };
  await writeFileWhole(fileIn(folder), JSON.stringify(kept)).catch(() => undefined);
}
