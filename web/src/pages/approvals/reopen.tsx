import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Allowed, Button, ConfirmButton, SelectBox, plural } from '../../ui/index.ts';
import { reopenRequest } from './approval-data.ts';
import type { ApprovalView } from './approval-data.ts';

const LASTS = [
  { value: '14400', text: '4 hours' },
  { value: '86400', text: '1 day' },
  { value: '604800', text: '7 days' },
] as const;

/** Asks again what nobody decided in time, and what was held. */
export function Reopen({ approval, why }: { readonly approval: ApprovalView; readonly why: string | null }) {
  const queries = useQueryClient();
  const [lasts, setLasts] = useState<(typeof LASTS)[number]['value']>();
  const { hold, pending } = approval.counts;
  const again = hold + (approval.status === 'superseded' ? 0 : pending);
  if (approval.status === 'waiting' || again === 0) return null;
  if (why !== null)
    return (
      <Allowed why={why}>
        <Button disabled>Reopen</Button>
      </Allowed>
    );
  return (
    <ConfirmButton
      action="Reopen"
      title={`Reopen: ${approval.title}`}
      comment="optional"
      // Who may is more than a role, and was looked at above.
      needs="viewer"
      act={async (comment) => {
        await reopenRequest(approval.id, {
          ...(lasts === undefined ? {} : { expires_s: Number(lasts) }),
          comment,
        });
        await queries.invalidateQueries({ queryKey: ['approvals'] });
        return `"${approval.title}" is open again.`;
      }}
    >
      <div className="stack">
        <p>
          {plural(again, 'subject')} that nobody decided on or that {again === 1 ? 'was' : 'were'} held{' '}
          {again === 1 ? 'is' : 'are'} asked about again. What was approved or rejected stays so; approvals
          said before count no more.
        </p>
        <SelectBox
          label="Open for"
          value={lasts}
          options={LASTS}
          onChange={setLasts}
          all="as the gate says"
        />
      </div>
    </ConfirmButton>
  );
}
