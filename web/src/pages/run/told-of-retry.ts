import type { ApprovalRow } from '../../../../src/views/index.ts';
import { plural } from '../../ui/index.ts';

/** What came of a yes to a retry: where it takes several people, the first of them starts nothing. */
export const toldOfRetry = (
  { status, required }: Pick<ApprovalRow, 'status' | 'required'>,
  circuits: number,
): string =>
  required === 1 || status === 'decided'
    ? `${plural(circuits, 'circuit')} ${circuits === 1 ? 'is' : 'are'} trained again.`
    : `Your approval is counted. What ${required} people approve is trained again.`;
