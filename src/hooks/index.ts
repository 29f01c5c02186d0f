/** Calls of other systems: whether they are genuine, what they are about, what became of them. What they start is decided above, in `actions`. */
export {
  DeliveryOutcome,
  calledHooks,
  countWaiting,
  decideDeliveries,
  forgetDeliveries,
  keepDelivery,
  listDeliveries,
  openRunOfHook,
  waitAgain,
  waitingDeliveries,
  waitingHooks,
} from './delivery-store.ts';
export type { Decision, Delivery, WaitingDelivery } from './delivery-store.ts';
export { readCall } from './read-call.ts';
export type { CallFacts } from './read-call.ts';
export { pingBody, signCall } from './sign-call.ts';
export { hookSecret, hookSecretProblem, verifyCall, verifyHeaders } from './verify.ts';
export type { HookCall, Verdict } from './verify.ts';
