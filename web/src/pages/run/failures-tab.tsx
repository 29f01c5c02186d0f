import { Link, useNavigate } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok } from '../../api/client.ts';
import { Button, ConfirmButton, Empty, ErrorNotice, Prose, Skeleton, count, plural } from '../../ui/index.ts';
import { failuresQuery } from './data.ts';
import type { FailuresView, RunView } from './data.ts';
import styles from './failures-tab.module.css';

type Group = FailuresView['groups'][number];

/** What failed and was not mended, by cause: what it is, what to do about it, and who it hit. */
export function FailuresTab({ run }: { readonly run: RunView }) {
  const { data, error, refetch } = useQuery(failuresQuery(String(run.number)));
  if (data === undefined) {
    return error === null ? (
      <Skeleton lines={3} height={96} />
    ) : (
      <ErrorNotice error={error} retry={() => void refetch()} />
    );
  }
  if (data.groups.length === 0) {
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
        {data.groups.map((group) => (
          <li key={group.number}>
            <GroupView run={run} group={group} retryable={group.circuits.filter((id) => retryable.has(id))} />
          </li>
        ))}
      </ol>
    </>
  );
}

function GroupView({
  run,
  group,
  retryable,
}: {
  readonly run: RunView;
  readonly group: Group;
  readonly retryable: readonly string[];
}) {
  const [all, setAll] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate({ from: '/runs/$run' });
  const shown = all ? group.circuits : group.circuits.slice(0, 12);
  return (
    <section aria-labelledby={`group-${group.number}`} className={styles.group}>
      <div className={styles.head}>
        <h3 id={`group-${group.number}`} className={styles.title}>
          <span className={styles.number}>{count(group.count)} ×</span> {group.title}
        </h3>
        {retryable.length > 0 && (
          <ConfirmButton
            action={`Retry ${count(retryable.length)}`}
            title={`Train ${plural(retryable.length, 'circuit')} again?`}
            comment="optional"
            act={async (comment) => {
              await ok(
                api.runs[':run'].retry.$post({
                  param: { run: String(run.number) },
                  json: { groups: [group.number], comment },
                }),
              );
              await queries.invalidateQueries({ queryKey: ['runs'] });
              return `${plural(retryable.length, 'circuit')} ${retryable.length === 1 ? 'is' : 'are'} trained again.`;
            }}
          >
            <p>{group.title}</p>
            <p className="muted">
              <Prose text={group.advice} />
            </p>
          </ConfirmButton>
        )}
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
