export { createSimulatedCompute, loseAttempt } from './simulated-compute.ts';
export { ledger, type LedgerEntry } from './ledger-file.ts';
export type { Scripted, SimulatedOptions } from './options.ts';
