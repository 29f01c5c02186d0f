export { listAudit, verifyAudit } from './audit.ts';
export type { AuditEntry, AuditVerdict } from './audit.ts';
export { batches } from './batches.ts';
export { appendEvents, listEvents, newestSeq, readEvents } from './events.ts';
export type { Event, ListedEvent, NewEvent, Severity } from './events.ts';
export { addSeconds, memoryStore, openStore, schemaState, storeExists } from './store.ts';
export type { Db, Store, Tx } from './store.ts';
export type * from './tables.ts';
