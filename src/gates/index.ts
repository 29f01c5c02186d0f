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
export { ApprovalStatus, Verdict } from './types.ts';
export type { Actor, Approval, GateConfig, GateRules, NewSubject, Subject } from './types.ts';
export { mayNotVote, vote } from './vote.ts';
