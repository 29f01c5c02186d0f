export {
  cancelApprovals,
  closeApproval,
  expireIfDue,
  getApproval,
  listApprovals,
  listSubjects,
  openApproval,
  subjectsWith,
} from './approvals.ts';
export { Verdict } from './types.ts';
export type { ApprovalStatus } from './types.ts';
export type { Actor, Approval, GateConfig, NewSubject, Subject } from './types.ts';
export { mayNotVote, vote } from './vote.ts';
