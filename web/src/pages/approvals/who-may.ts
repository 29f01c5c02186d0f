import type { ApprovalRow } from './approval-data.ts';

/** Who decides at this gate, as far as the request says. */
export const whoMay = ({ approvers, required, requester_may_approve }: ApprovalRow): string =>
  [
    required === 1 ? '' : `${required} of `,
    approvers.length === 0 ? 'anybody' : approvers.join(', '),
    requester_may_approve ? '' : ' but not who asked',
  ].join('');
