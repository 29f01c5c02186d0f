import type { Store } from '../store/index.ts';

/** Keeps what was read of the store for as long as nothing is written to it; the oldest goes first. */
export class ReadCache {
  readonly #store: Pick<Store, 'readMark'>;
  readonly #most: number;
  readonly #kept = new Map<string, { readonly mark: string; readonly value: Promise<unknown> }>();

  constructor(store: Pick<Store, 'readMark'>, most: number) {
    this.#store = store;
    this.#most = most;
  }

  /** What `read` gives for this key; those who ask at the same time share one reading. */
  get<T>(key: string, read: () => Promise<T>): Promise<T> {
    const mark = this.#store.readMark();
    const known = this.#kept.get(key);
    // A key always stands for the same kind of reading.
    if (known?.mark === mark) return known.value as Promise<T>;
    const value = read();
    this.#kept.delete(key);
    this.#kept.set(key, { mark, value });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
    value.catch(() => this.#kept.delete(key));
    return value;
  }
}
