import { Link, useNavigate } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { api, ok } from '../../api/client.ts';
import { Button, ConfirmButton, Empty, ErrorNotice, Prose, Skeleton, count, plural } from '../../ui/index.ts';
import { failuresQuery } from './data.ts';
import type { FailuresView, RunView } from './data.ts';
import styles from './failures-tab.module.css';
import { toldOfRetry } from './told-of-retry.ts';

type Group = FailuresView['groups'][number];

/** What failed and was not mended, by cause: what it is, what to do about it, and who it hit. */
export function FailuresTab({ run }: { readonly run: RunView }) {
  const { data, error, refetch } = useQuery(failuresQuery(String(run.number)));
  // Somebody is about to retry it: it stays, also when others mend the last of it meanwhile.
  const [asked, setAsked] = useState<Group | null>(null);
  if (data === undefined) {
    return error === null ? (
      <Skeleton lines={3} height={96} />
    ) : (
      <ErrorNotice error={error} retry={() => void refetch()} />
    );
  }
  // A number says how large a group is among the others, and moves; what it is about does not.
  const gone = asked !== null && !data.groups.some((group) => keyOf(group) === keyOf(asked));
  const groups = gone ? [...data.groups, asked] : data.groups;
  if (groups.length === 0) {
    return <Empty title="Nothing failed here, or all of it was mended." />;
  }
  const retryable = new Set(data.retryable);
  return (
    <>
      <p>
        {plural(data.failed, 'circuit')} failed, of {plural(data.groups.length, 'cause')}.
        {retryable.size > 0 && ` ${plural(retryable.size, 'circuit')} can be trained again now.`}
      </p>
      <ol className={styles.groups}>
        {groups.map((group) => (
          <li key={keyOf(group)}>
            <GroupView
              run={run}
              group={group}
              retryable={gone && group === asked ? [] : group.circuits.filter((id) => retryable.has(id))}
              onAsk={(asking) => setAsked(asking ? group : null)}
            />
          </li>
        ))}
      </ol>
    </>
  );
}

const keyOf = ({ class: kind, signature }: Group): string => `${kind} ${signature}`;

function GroupView({
  run,
  group,
  retryable,
  onAsk,
}: {
  readonly run: RunView;
  readonly group: Group;
  readonly retryable: readonly string[];
  /** The question whether to retry it comes up, or goes away. */
  readonly onAsk: (asking: boolean) => void;
}) {
  const [all, setAll] = useState(false);
  const id = useId();
  const queries = useQueryClient();
  const navigate = useNavigate({ from: '/runs/$run' });
  const shown = all ? group.circuits : group.circuits.slice(0, 12);
  return (
    <section aria-labelledby={id} className={styles.group}>
      <div className={styles.head}>
        <h3 id={id} className={styles.title}>
          <span className={styles.number}>{count(group.count)} ×</span> {group.title}
        </h3>
        <ConfirmButton
          action={`Retry ${count(retryable.length)}`}
          offered={retryable.length > 0}
          onAsk={onAsk}
          title={`Train ${plural(retryable.length, 'circuit')} again?`}
          comment="optional"
          act={async (comment) => {
            const { approval } = await ok(
              api.runs[':run'].retry.$post({
                param: { run: String(run.number) },
                json: { circuits: [...retryable], comment },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['runs'] });
            return toldOfRetry(approval, retryable.length);
          }}
        >
          <p>{group.title}</p>
          <p className="muted">
            <Prose text={group.advice} />
          </p>
        </ConfirmButton>
      </div>
      <p className={styles.class}>
        <strong>{group.class}</strong>
        {group.systematic && <span>, the same across circuits</span>}
        <span className="muted">
          {' '}
          · <Prose text={group.advice} />
        </span>
      </p>
      {group.sample.length > 0 && <pre className={styles.sample}>{group.sample.join('\n')}</pre>}
      <ul className={styles.circuits} aria-label="Circuits">
        {shown.map((circuit, i) => (
          <li key={circuit}>
            <Link to="/jobs/$job" params={{ job: group.jobs[i] ?? circuit }}>
              {circuit}
            </Link>
          </li>
        ))}
        {group.circuits.length > shown.length && (
          <li>
            <Button small onClick={() => (group.circuits.length > 200 ? toTable() : setAll(true))}>
              {count(group.circuits.length - shown.length)} more
            </Button>
          </li>
        )}
      </ul>
    </section>
  );

  /** Hundreds of links are no list: the table pages them. */
  function toTable(): void {
    void navigate({ search: () => ({ view: 'table', state: 'failed' }) });
  }
}
