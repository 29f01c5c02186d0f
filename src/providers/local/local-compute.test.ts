import { describeCompute } from '../../testing/compute.conformance.ts';
import { LocalHarness } from './local-harness.ts';

describeCompute('local', () => LocalHarness.create());
