import { useIsMutating, useMutation, useQueryClient } from '@tanstack/react-query';
import { toast } from '../../ui/index.ts';
import { approvalQuery, castVote } from './approval-data.ts';
import type { ApprovalView, Ballot } from './approval-data.ts';
import { changeSelection } from './kept-selection.ts';
import { NOTHING } from './selection.ts';

const VOTING = ['vote'] as const;

/** Whether a vote is on its way. */
export const useVoting = (): boolean => useIsMutating({ mutationKey: VOTING }) > 0;

/** A ballot as it was sent, and how to tell what came of it: of how many it took effect. */
type Cast = Ballot & { readonly tell: (took: number) => string };

/** Casts a vote, unless something was said since the page showed it: what others said is seen before it is decided over. */
export function useVote(approval: ApprovalView) {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: VOTING,
    mutationFn: async ({ tell: _tell, ...ballot }: Cast) => {
      const now = await queries.fetchQuery({ ...approvalQuery(approval.id), staleTime: 0 });
      if (now.votes.length !== approval.votes.length) {
        await queries.invalidateQueries({ queryKey: ['approvals'] });
        return { kind: 'moved' } as const;
      }
      const { approval: after } = await castVote(approval, ballot);
      return { kind: 'cast', took: after.counts.approve - now.counts.approve } as const;
    },
    onSuccess: (came, { tell }) => {
      if (came.kind === 'moved') return;
      toast(tell(came.took));
      changeSelection(approval.id, () => NOTHING);
    },
    // What follows from it is not waited for.
    onSettled: () => void queries.invalidateQueries({ queryKey: ['approvals'] }),
  });
}
