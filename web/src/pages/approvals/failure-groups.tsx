import { Button, Empty, Prose, Seconds, plural } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import type { ApprovalView, Verdict } from './approval-data.ts';
import { retryFacts } from './failed.ts';
import type { FailureGroup } from './failed.ts';

/** Whether there is room for a retry, and how long it will take. */
export function RetryOutlook({ approval }: { readonly approval: ApprovalView }) {
  const { capacity, estimate } = retryFacts(approval);
  return (
    <dl className={styles.facts}>
      <div>
        <dt>Compute</dt>
        <dd>{capacity ?? 'not known here'}</dd>
      </div>
      <div>
        <dt>A retry of all takes about</dt>
        <dd>
          {estimate === null ? (
            'not known: nothing succeeded yet'
          ) : (
            <>
              <Seconds s={estimate.retry_s} />{' '}
              <span className="muted">
                {estimate.known === 0
                  ? 'by what the others of the run took'
                  : `by what ${estimate.known} of ${estimate.of} took before`}
              </span>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** What failed by its cause, each with what to do about it, to be decided on as one. */
export function FailureGroups({
  approval,
  onDecide,
  onChoose,
  refusal,
}: {
  readonly approval: ApprovalView;
  readonly onDecide: (verdict: Verdict, circuits: readonly string[]) => void;
  readonly onChoose: (circuits: readonly string[]) => void;
  readonly refusal: string | null;
}) {
  const { groups } = retryFacts(approval);
  if (groups.length === 0) return <Empty title="The causes were not looked at." />;
  return (
    <ol className={styles.groups}>
      {groups.map((group) => (
        <li key={group.number}>
          <Group group={group} onDecide={onDecide} onChoose={onChoose} refusal={refusal} />
        </li>
      ))}
    </ol>
  );
}

function Group({
  group,
  onDecide,
  onChoose,
  refusal,
}: {
  readonly group: FailureGroup;
  readonly onDecide: (verdict: Verdict, circuits: readonly string[]) => void;
  readonly onChoose: (circuits: readonly string[]) => void;
  readonly refusal: string | null;
}) {
  const { number, title, kind, advice, circuits, sample, systematic } = group;
  return (
    <article className={styles.group} aria-label={`Cause ${number}: ${title}`}>
      <div className={styles.groupHead}>
        <h3>
          {title}{' '}
          <span className={styles.kind}>
            {plural(circuits.length, 'circuit')}, {kind}
            {systematic ? ', the same error in each' : ''}
          </span>
        </h3>
        <div className={styles.verdicts}>
          <Button small disabled={refusal !== null} onClick={() => onDecide('approve', circuits)}>
            Retry {circuits.length === 1 ? 'it' : `these ${circuits.length}`}
          </Button>
          <Button small disabled={refusal !== null} onClick={() => onDecide('reject', circuits)}>
            Do not retry
          </Button>
          <Button small onClick={() => onChoose(circuits)}>
            Select
          </Button>
        </div>
      </div>
      {advice !== '' && (
        <p>
          <Prose text={advice} />
        </p>
      )}
      {sample.length > 0 && (
        <pre className={styles.sample} tabIndex={0} aria-label="Lines of a log">
          {sample.join('\n')}
        </pre>
      )}
      <p className={styles.circuits}>
        {circuits.slice(0, 8).join(', ')}
        {circuits.length > 8 ? ` and ${circuits.length - 8} more` : ''}
      </p>
    </article>
  );
}
