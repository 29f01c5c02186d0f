import { Empty, Status, Time, plural } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import type { ApprovalView, Vote } from './approval-data.ts';

/** Who said what and when, the newest first. */
export function Votes({ approval }: { readonly approval: ApprovalView }) {
  if (approval.votes.length === 0)
    return <Empty title="Nobody has said anything yet.">Every verdict stands here, with its comment.</Empty>;
  return (
    <ol className={styles.groups} aria-label="What was said, the newest first">
      {approval.votes.toReversed().map((vote) => (
        <li key={`${vote.voted_at} ${vote.voter}`} className={styles.vote}>
          <Status state={WORDS[vote.verdict]} />
          <span className={styles.voter}>
            {vote.voter}{' '}
            <span className="muted">
              {vote.identity === 'verified' ? 'signed in' : vote.identity}, to {about(vote)}
              {vote.counts ? '' : '; said before the request was opened again, so it does not count'}
            </span>
          </span>
          <Time at={vote.voted_at} />
          {vote.comment !== null && <blockquote>{vote.comment}</blockquote>}
        </li>
      ))}
    </ol>
  );
}

const WORDS = { pending: 'open', approve: 'approved', hold: 'held', reject: 'rejected' } as const;

const about = ({ subjects }: Vote): string =>
  subjects === null
    ? 'all that was open'
    : subjects.length <= 3
      ? subjects.join(', ')
      : plural(subjects.length, 'subject');
