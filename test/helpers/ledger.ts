import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Line = z.object({ kind: z.string(), circuit_id: z.string().optional() });

/** How many attempts of each circuit the simulated provider ever took over, by its own ledgers. */
export function takenOver(state: string): Record<string, number> {
  const folder = join(state, 'simulated');
  const counts: Record<string, number> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.jsonl')) continue;
    for (const text of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (text === '') continue;
      const { kind, circuit_id = '' } = Line.parse(JSON.parse(text));
      if (kind === 'accepted') counts[circuit_id] = (counts[circuit_id] ?? 0) + 1;
    }
  }
  return counts;
}
