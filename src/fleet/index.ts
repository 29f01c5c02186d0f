export { bindInputs, modelOutputOf } from './bind-inputs.ts';
export { groupByCause } from './change-groups.ts';
export type { ChangeGroup } from './change-groups.ts';
export { CIRCUIT_STATES, circuitState } from './circuit-state.ts';
export type { CircuitStanding, CircuitState } from './circuit-state.ts';
export { ContentDigests } from './content-digests.ts';
export { freeze, thaw } from './frozen.ts';
export type { FrozenCircuit } from './frozen.ts';
export { fastForward, fetchUpstream, fileAt, gitFacts, gitIdentity, resolveBase } from './git.ts';
export { circuitsInHand } from './in-hand.ts';
export { loadFleet } from './load-fleet.ts';
export type { Circuit, Fleet } from './load-fleet.ts';
export { makePlan } from './make-plan.ts';
export type { Plan, PlanRequest } from './make-plan.ts';
export { PlanDocument } from './plan-document.ts';
export { CAUSES } from './plan.ts';
export type { Cause, Detection, Guard, PlannedCircuit } from './plan.ts';
export {
  checkSealedPlan,
  readSealedPlan,
  refuseIfMoved,
  sealInputs,
  sealPlan,
  whatMoved,
  writeSealedPlan,
} from './seal.ts';
export type { PlanOptions, SealInputs, SealedPlan } from './seal.ts';
export { selectCircuits, splitSelectors } from './select-circuits.ts';
export { settingsOf } from './settings.ts';
export type { FieldChange } from './settings.ts';
export { tableLocation } from './wanted.ts';
export type { DeltaPins, PinnedCircuit } from './wanted.ts';
