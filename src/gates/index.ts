export {
  approvedBy,
  bindingText,
  closeApprovals,
  expireIfDue,
  getApproval,
  lastRequest,
  listApprovals,
  listSubjects,
  subjectsNamed,
  nextReminder,
  openApproval,
  remindIfDue,
  reopenApproval,
  requestMarks,
  subjectsWith,
  verdictsOf,
} from './approvals.ts';
export {
  numberOf,
  parseNumber,
  subjectFacts,
  subjectMatcher,
  subjectsMatching,
  verdictsNow,
} from './subject-facts.ts';
export type { SubjectFacts, SubjectFilter } from './subject-facts.ts';
export { ApprovalStatus, Verdict } from './types.ts';
export type { Actor, Approval, GateConfig, GateRules, NewSubject, Subject } from './types.ts';
export { mayNotVote, vote } from './vote.ts';
