export {
  bindingText,
  closeApprovals,
  expireIfDue,
  nextReminder,
  openApproval,
  remindIfDue,
  reopenApproval,
  subjectDigest,
} from './approvals.ts';
export {
  approvedBy,
  getApproval,
  lastRequest,
  listApprovals,
  listSubjects,
  requestMarks,
  subjectsNamed,
  subjectsWith,
  verdictsOf,
} from './read-approvals.ts';
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
export { approvedAt, turnDown } from './turn-down.ts';
export { mayNotVote, vote } from './vote.ts';
