import { modelNames, ownersOf } from '../registry/index.ts';
import type { RegistryName } from '../registry/index.ts';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** What a model is found by. */
interface Known {
  readonly circuit_id: string;
  readonly plant_id: string | null;
}

interface Kept {
  readonly names: readonly string[];
  readonly entered: number;
  /** Found out once somebody asks for plants; what came meanwhile is missing. */
  readonly known: Map<string, Known>;
}

/** Names of models per registry, kept sorted: a search looks at ten thousand names, not at a million versions. */
export class ModelNames {
  readonly #db: Db;
  readonly #kept = new Map<RegistryName, Kept>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Those that hold a text, whatever its case; models that came meanwhile are among them. */
  async containing(registry: RegistryName, text: string): Promise<string[]> {
    const part = text.toLowerCase();
    return (await this.#all(registry)).names.filter((name) => name.toLowerCase().includes(part));
  }

  /** Those of a plant whose name or circuit holds a text. */
  async matching(
    registry: RegistryName,
    { q = '', plant }: { readonly q?: string | undefined; readonly plant?: string | undefined },
  ): Promise<string[]> {
    const { names, known } = await this.#all(registry);
    const missing = names.filter((name) => !known.has(name));
    for (const some of batches(missing, 500))
      for (const { model_name, ...owner } of await ownersOf(this.#db, registry, some))
        known.set(model_name, owner);
    const part = q.toLowerCase();
    return names.filter((name) => {
      const { circuit_id = '', plant_id = null } = known.get(name) ?? {};
      if (plant !== undefined && plant_id !== plant) return false;
      return name.toLowerCase().includes(part) || circuit_id.toLowerCase().includes(part);
    });
  }

  async #all(registry: RegistryName): Promise<Kept> {
    const kept = this.#kept.get(registry) ?? { names: [], entered: 0, known: new Map<string, Known>() };
    const found = await modelNames(this.#db, registry, kept.entered);
    if (found.names.length === 0) return kept;
    // Another circuit may have taken a name over.
    for (const name of found.names) kept.known.delete(name);
    const names = [...new Set([...kept.names, ...found.names])].toSorted((a, b) => (a < b ? -1 : 1));
    const now = { names, entered: found.entered, known: kept.known };
    this.#kept.set(registry, now);
    return now;
  }
}
