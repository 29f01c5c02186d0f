/** For those who write a provider: the rules of its port as a test suite, and a clock that moves when told. Needs vitest. */
export { describeCompute } from './compute.conformance.ts';
export type { ComputeHarness, ConformanceOptions, SubmissionChanges, Work } from './compute.conformance.ts';
export { describeRegistry } from './registry.conformance.ts';
export type { RegistryConformanceOptions, RegistryHarness } from './registry.conformance.ts';
export { TestClock } from './test-clock.ts';
