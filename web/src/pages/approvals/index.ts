/** What waits for a decision, and one request of it. */
export { ApprovalPage } from './approval-page.tsx';
export { ApprovalsPage } from './approvals-page.tsx';
