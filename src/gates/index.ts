export {
  bindingText,
  closeApprovals,
  expireIfDue,
  getApproval,
  lastRequest,
  listApprovals,
  listSubjects,
  nextReminder,
  openApproval,
  remindIfDue,
  reopenApproval,
  requestMarks,
  subjectsWith,
  verdictsOf,
} from './approvals.ts';
export { Verdict } from './types.ts';
export type { Actor, Approval, ApprovalStatus, GateConfig, GateRules, NewSubject, Subject } from './types.ts';
export { mayNotVote, vote } from './vote.ts';
