import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { ApiError } from '../../api/client.ts';
import { meQuery } from '../../api/me.ts';
import { approvalPath } from '../../paths.ts';
import {
  Button,
  CheckBox,
  Dialog,
  DialogFoot,
  ErrorNotice,
  Field,
  Notice,
  plural,
  toast,
} from '../../ui/index.ts';
import { castVote, openAtQuery } from './approval-data.ts';
import type { ApprovalView, Verdict } from './approval-data.ts';
import { consequence, kindOf, quorum, some } from './consequences.ts';

/** What somebody is about to say, as it stood when they asked to say it. */
export interface Intent {
  readonly verdict: Verdict;
  readonly open: readonly string[];
  /** What a quality gate holds back of what was chosen. */
  readonly held_back: readonly string[];
  /** What others decided meanwhile. */
  readonly settled: number;
}

const WORDS: Readonly<Record<Verdict, { readonly act: string; readonly done: string }>> = {
  approve: { act: 'Approve', done: 'approved' },
  hold: { act: 'Hold', done: 'held' },
  reject: { act: 'Reject', done: 'rejected' },
};

/** Says exactly what will happen to how many, and does it. */
export function DecideDialog({
  approval,
  intent,
  onClose,
  onDone,
}: {
  readonly approval: ApprovalView;
  readonly intent: Intent | null;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  return (
    <Dialog
      open={intent !== null}
      onClose={onClose}
      title={intent === null ? '' : `${WORDS[intent.verdict].act}: ${approval.title}`}
    >
      {intent !== null && <Ballot approval={approval} intent={intent} onClose={onClose} onDone={onDone} />}
    </Dialog>
  );
}

function Ballot({
  approval,
  intent: { verdict, open, held_back, settled },
  onClose,
  onDone,
}: {
  readonly approval: ApprovalView;
  readonly intent: Intent;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const queries = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const [comment, setComment] = useState('');
  const [retrain, setRetrain] = useState(false);
  // What a quality gate holds back goes on only where somebody says so; alone it can only have been meant.
  const [heldToo, setHeldToo] = useState(open.length === 0);
  const id = useId();
  const kind = kindOf(approval.stage);
  const setsApart = verdict === 'approve' && held_back.length > 0;
  const subjects = setsApart && !heldToo ? open : [...open, ...held_back];
  const needsReason = setsApart && heldToo;
  const { act, done } = WORDS[verdict];
  const doing = useMutation({
    mutationFn: () =>
      castVote(approval, {
        verdict,
        comment: comment.trim() === '' ? undefined : comment.trim(),
        subjects,
        ...(retrain ? { retrain: true as const } : {}),
      }),
    onSuccess: () => {
      toast(`${some(kind, subjects.length)} ${done}.`);
      onDone();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['approvals'] }),
  });
  const told = verdict === 'approve' ? quorum(approval, approval.votes, subjects, me?.name ?? '') : null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        doing.mutate();
      }}
    >
      <p>{consequence(kind, verdict, subjects.length)}</p>
      {told !== null && <p>{told}</p>}
      {subjects.length > 0 && subjects.length <= 5 && <p className="mono">{subjects.join(', ')}</p>}
      {settled > 0 && (
        <p className="muted">
          {plural(settled, 'other one')} of your choice was decided meanwhile and keeps its verdict.
        </p>
      )}
      {setsApart && open.length > 0 && (
        <CheckBox
          checked={heldToo}
          onChange={setHeldToo}
          label={`Also ${held_back.length === 1 ? 'the one' : `the ${held_back.length.toLocaleString('en')}`} that a quality gate holds back (needs a reason)`}
        />
      )}
      {setsApart && open.length === 0 && (
        <p data-tone="waiting">
          A quality gate holds back {held_back.length === 1 ? 'this one' : 'all of these'}: say why it may go
          on.
        </p>
      )}
      {verdict === 'reject' && kind === 'models' && (
        <CheckBox
          checked={retrain}
          onChange={setRetrain}
          label="Take them out of use as well, so that the next run trains their circuits again"
        />
      )}
      <Field label={needsReason ? 'Reason' : 'Comment (optional)'} htmlFor={id} help="It goes on record.">
        <textarea
          id={id}
          rows={3}
          maxLength={2000}
          required={needsReason}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
      </Field>
      {doing.isError && <Refused error={doing.error} approval={approval} />}
      <DialogFoot>
        <Button onClick={onClose}>Back</Button>
        <Button
          type="submit"
          kind={verdict === 'reject' ? 'danger' : 'primary'}
          busy={doing.isPending}
          disabled={subjects.length === 0 || (needsReason && comment.trim() === '')}
        >
          {act} {some(kind, subjects.length)}
        </Button>
      </DialogFoot>
    </form>
  );
}

/** What went wrong; where the request is not what it was, the one to look at instead. */
function Refused({ error, approval }: { readonly error: unknown; readonly approval: ApprovalView }) {
  const over = error instanceof ApiError && (error.status === 409 || error.code === 'approval_refused');
  const { data: other } = useQuery({ ...openAtQuery(approval), enabled: over });
  return (
    <>
      <ErrorNotice error={error} />
      {other != null && (
        <Notice tone="waiting" title="Something else is asked now.">
          <Link to={approvalPath(other.id)}>{other.title}</Link>
        </Notice>
      )}
    </>
  );
}
