import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LineFile } from '../../src/providers/local/facts.ts';
import type { Fact } from '../../src/providers/local/facts.ts';

/** How often the local provider's launchers started each attempt, by their own journals. Keys come without the run. */
export function startsOf(state: string): Record<string, number> {
  const folder = join(state, 'launchers');
  const counts: Record<string, number> = {};
  for (const id of existsSync(folder) ? readdirSync(folder) : []) {
    for (const fact of new LineFile<Fact>(join(folder, id, 'journal.jsonl')).readNew()) {
      if (fact.e !== 'started' || fact.step !== 0) continue;
      const key = fact.key.slice(fact.key.indexOf('/') + 1);
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }
  return counts;
}
