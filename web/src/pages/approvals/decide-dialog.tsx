import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useMemo, useState } from 'react';
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
  Skeleton,
  plural,
} from '../../ui/index.ts';
import { openAtQuery } from './approval-data.ts';
import type { ApprovalView, Verdict, Vote } from './approval-data.ts';
import { useChosen } from './chosen.ts';
import type { Shown } from './chosen.ts';
import { approved, consequence, howFar, kindOf, quorum, some } from './consequences.ts';
import type { Kind } from './consequences.ts';
import { holdsOf } from './said.ts';
import { standing } from './selection.ts';
import { useVote, useVoting } from './vote.ts';

/** What somebody is about to say, and of what. How that stands is looked at until they have said it. */
export interface Intent {
  readonly verdict: Verdict;
  readonly names: readonly string[];
}

const WORDS: Readonly<Record<Verdict, { readonly act: string; readonly done: string }>> = {
  approve: { act: 'Approve', done: 'approved' },
  hold: { act: 'Hold', done: 'held' },
  reject: { act: 'Reject', done: 'rejected' },
};

/** Says exactly what will happen to how many, and does it. What is being said cannot be called off any more. */
export function DecideDialog({
  approval,
  intent,
  list,
  onClose,
}: {
  readonly approval: ApprovalView;
  readonly intent: Intent | null;
  readonly list: Shown;
  readonly onClose: () => void;
}) {
  const voting = useVoting();
  return (
    <Dialog
      open={intent !== null}
      onClose={() => {
        if (!voting) onClose();
      }}
      title={intent === null ? '' : `${WORDS[intent.verdict].act}: ${approval.title}`}
      sticky
    >
      {intent !== null && <Asked approval={approval} intent={intent} list={list} onClose={onClose} />}
    </Dialog>
  );
}

interface AskedProps {
  readonly approval: ApprovalView;
  readonly intent: Intent;
  readonly onClose: () => void;
}

/** Asks once it is known how everything stands that was chosen. */
function Asked({ list, ...props }: AskedProps & { readonly list: Shown }) {
  const chosen = useChosen(props.approval.id, props.intent.names, list);
  const [known, setKnown] = useState(!chosen.unread);
  if (!known && !chosen.unread) setKnown(true);
  if (known) return <Ballot {...props} chosen={chosen} />;
  return (
    <div className="stack">
      {chosen.error === null ? (
        <Skeleton lines={4} />
      ) : (
        <ErrorNotice error={chosen.error} retry={chosen.retry} />
      )}
      <DialogFoot>
        <Button onClick={props.onClose}>Back</Button>
      </DialogFoot>
    </div>
  );
}

function Ballot({
  approval,
  intent: { verdict, names },
  chosen,
  onClose,
}: AskedProps & { readonly chosen: ReturnType<typeof useChosen> }) {
  const { data: me } = useQuery(meQuery);
  const { open, held_back, on_hold, settled } = useMemo(
    () => standing(names, chosen.rows),
    [names, chosen.rows],
  );
  const [comment, setComment] = useState('');
  const [retrain, setRetrain] = useState(false);
  // What a quality gate holds back goes on only where somebody says so; alone it can only have been meant.
  const [alone] = useState(open.length === 0 && on_hold.length === 0);
  const [heldToo, setHeldToo] = useState(alone);
  // What somebody holds is never decided over their head by who has not seen it.
  const [holdToo, setHoldToo] = useState(false);
  const id = useId();
  const kind = kindOf(approval.stage);
  const setsApart = verdict === 'approve' && held_back.length > 0;
  const subjects = useMemo(
    () => [...open, ...(setsApart && !heldToo ? [] : held_back), ...(holdToo ? on_hold : [])],
    [open, held_back, on_hold, setsApart, heldToo, holdToo],
  );
  const gated = useMemo(
    () => new Set(subjects.filter((name) => chosen.rows.get(name)?.held_because != null)),
    [subjects, chosen.rows],
  );
  const needsReason = verdict === 'approve' && gated.size > 0;
  const far = useMemo(
    () => (verdict === 'approve' ? howFar(approval, approval.votes, subjects, gated, me?.name ?? '') : null),
    [verdict, approval, subjects, gated, me],
  );
  const { act, done } = WORDS[verdict];
  const doing = useVote(approval);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        doing.mutate(
          {
            verdict,
            comment: comment.trim() === '' ? undefined : comment.trim(),
            subjects,
            ...(retrain ? { retrain: true as const } : {}),
            tell: (took) =>
              verdict === 'approve'
                ? approved(kind, approval, far, { of: subjects.length, took })
                : `${some(kind, subjects.length)} ${done}.`,
          },
          { onSuccess: (came) => (came.kind === 'cast' ? onClose() : undefined) },
        );
      }}
    >
      <p>
        {subjects.length === 0
          ? 'Nothing of what you chose is open.'
          : consequence(kind, verdict, subjects.length)}
      </p>
      {far !== null && <p>{quorum(approval, far)}</p>}
      {subjects.length > 0 && subjects.length <= 5 && <p className="mono">{subjects.join(', ')}</p>}
      {settled > 0 && (
        <p className="muted">
          {plural(settled, 'other one')} of your choice was decided meanwhile and keeps its verdict.
        </p>
      )}
      {setsApart && !alone && (
        <CheckBox
          checked={heldToo}
          onChange={setHeldToo}
          label={`Also ${held_back.length === 1 ? 'the one' : `the ${held_back.length.toLocaleString('en')}`} that a quality gate holds back (needs a reason)`}
        />
      )}
      {setsApart && alone && (
        <p data-tone="waiting">
          A quality gate holds back {held_back.length === 1 ? 'this one' : 'all of these'}: say why it may go
          on.
        </p>
      )}
      <OnHold kind={kind} votes={approval.votes} names={on_hold} too={holdToo} onToo={setHoldToo} />
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
      {chosen.error !== null && <ErrorNotice error={chosen.error} retry={chosen.retry} />}
      {doing.data?.kind === 'moved' && (
        <Notice tone="waiting" title="Somebody has said something meanwhile, and nothing is sent yet.">
          Look once more at what stands here, then decide.
        </Notice>
      )}
      {doing.isError && <Refused error={doing.error} approval={approval} />}
      <DialogFoot>
        <Button onClick={onClose} disabled={doing.isPending}>
          Back
        </Button>
        <Button
          type="submit"
          kind={verdict === 'reject' ? 'danger' : 'primary'}
          busy={doing.isPending || chosen.reading}
          disabled={subjects.length === 0 || chosen.error !== null || (needsReason && comment.trim() === '')}
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

/** What others put on hold of what was chosen, with why: it is left out unless somebody wants it all the same. */
function OnHold({
  kind,
  votes,
  names,
  too,
  onToo,
}: {
  readonly kind: Kind;
  readonly votes: readonly Vote[];
  readonly names: readonly string[];
  readonly too: boolean;
  readonly onToo: (too: boolean) => void;
}) {
  const holds = useMemo(() => holdsOf(votes, names), [votes, names]);
  if (names.length === 0) return null;
  return (
    <>
      {holds.slice(0, 3).map(({ voter, comment, voted_at, count }) => (
        <p key={`${voted_at} ${voter}`} data-tone="waiting">
          {voter} holds {some(kind, count)}
          {comment === null ? '.' : `: ${comment}`}
        </p>
      ))}
      <CheckBox
        checked={too}
        onChange={onToo}
        label={`Also ${names.length === 1 ? 'the one' : `the ${names.length.toLocaleString('en')}`} on hold`}
      />
    </>
  );
}
