export { createLocalCompute } from './local-compute.ts';
export type { LocalComputeOptions } from './local-compute.ts';
