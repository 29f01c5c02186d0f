import type { Store } from '../store/index.ts';
import type { RegistryName } from './model-version.ts';
import type { ObjectStore } from './object-store.ts';

/** Where an embedded registry keeps things. */
export interface Place {
  readonly store: Store;
  readonly registry: RegistryName;
  readonly objects: ObjectStore;
  /** ISO text. */
  readonly now: () => string;
}

/** Files that are read or written at the same time. */
export const FILES_AT_ONCE = 8;
