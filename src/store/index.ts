export { addSeconds, memoryStore, openStore, storeError, storeExists } from './store.ts';
export type { Db, Store, Tx } from './store.ts';
export type * from './tables.ts';
