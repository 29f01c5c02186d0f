import { modelNames } from '../registry/index.ts';
import type { RegistryName } from '../registry/index.ts';
import type { Db } from '../store/index.ts';

/** Names of models per registry, kept sorted: a search looks at ten thousand names, not at a million versions. */
export class ModelNames {
  readonly #db: Db;
  readonly #kept = new Map<RegistryName, { names: string[]; entered: number }>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Those that hold a text, whatever its case; models that came meanwhile are among them. */
  async containing(registry: RegistryName, text: string): Promise<string[]> {
    const part = text.toLowerCase();
    return (await this.#all(registry)).filter((name) => name.toLowerCase().includes(part));
  }

  async #all(registry: RegistryName): Promise<readonly string[]> {
    const kept = this.#kept.get(registry) ?? { names: [], entered: 0 };
    const found = await modelNames(this.#db, registry, kept.entered);
    if (found.names.length === 0) return kept.names;
    const names = [...new Set([...kept.names, ...found.names])].toSorted((a, b) => (a < b ? -1 : 1));
    this.#kept.set(registry, { names, entered: found.entered });
    return names;
  }
}
