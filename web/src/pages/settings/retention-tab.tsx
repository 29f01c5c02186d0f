import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import {
  Button,
  ErrorNotice,
  Fact,
  Facts,
  Notice,
  Section,
  Skeleton,
  Time,
  plural,
  span,
} from '../../ui/index.ts';
import { RemovedTable } from './removed-table.tsx';
import { previewRetention, retentionQuery } from './settings-data.ts';
import type { Retention } from './settings-data.ts';
import { WouldGo } from './would-go.tsx';

/** What is kept for how long, what would go, and what went. */
export function RetentionTab() {
  const { data, error, refetch } = useQuery(retentionQuery);
  const preview = useMutation({ mutationFn: previewRetention });
  const { reset } = preview;
  // What would go is gone once it went through, whoever asked for that.
  const went = data?.last?.ended_at;
  useEffect(() => reset(), [reset, went]);
  const failed = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failed || <Skeleton lines={6} height={24} />;
  return (
    <div className="stack">
      {failed}
      <Asked retention={data} />
      <Section
        title="What is kept"
        aside={
          <Button small needs="operator" busy={preview.isPending} onClick={() => preview.mutate()}>
            What would go now?
          </Button>
        }
      >
        <Kept retention={data} />
      </Section>
      {preview.isError && <ErrorNotice error={preview.error} retry={() => preview.mutate()} />}
      {preview.isPending && <Skeleton lines={6} height={24} />}
      {preview.data !== undefined && !preview.isPending && (
        <WouldGo preview={preview.data} asked={data.asked !== null} onAsked={() => preview.reset()} />
      )}
      <Last last={data.last} />
    </div>
  );
}

function Kept({ retention: { retention, served, pruned_at } }: { readonly retention: Retention }) {
  const kept = (s: number | null): string => (s === null ? 'for ever' : span(s));
  return (
    <Facts>
      <Fact name="Files of models not in use">{kept(retention.models_s)}</Fact>
      <Fact name="Logs and work folders">{kept(retention.logs_s)}</Fact>
      <Fact name="Runs">{kept(retention.runs_s)}</Fact>
      <Fact name="Goes through">
        {served ? 'once a day by itself' : 'when somebody asks: no server or worker advances the runs'}
      </Fact>
      <Fact name="Went through last">{pruned_at === null ? 'never' : <Time at={pruned_at} />}</Fact>
      <Fact name="Set up in">
        <code>retention</code> in trainyard.yaml
      </Fact>
    </Facts>
  );
}

/** What somebody asked for and is not done yet. */
function Asked({ retention: { asked, served } }: { readonly retention: Retention }) {
  if (asked === null) return null;
  const { by, asked_at, begun_at, removed } = asked;
  return (
    <div role="status">
      <Notice
        tone="waiting"
        title={
          begun_at === null
            ? '· Retention is about to go through'
            : `▶ Retention goes through: ${plural(removed, 'thing')} removed`
        }
      >
        <p>
          {by.name} asked for it <Time at={asked_at} relative />.
          {!served && ' It begins once a server or worker advances the runs.'}
        </p>
      </Notice>
    </div>
  );
}

function Last({ last }: { readonly last: Retention['last'] }) {
  if (last === null) return null;
  const { by, ended_at, report, error } = last;
  return (
    <Section
      title="The last time"
      aside={
        <span className="muted">
          {by}, <Time at={ended_at} />
        </span>
      }
    >
      {report === null ? (
        <Notice tone="failed" title="✗ It stopped halfway">
          <p>{error}</p>
          <p className="muted">Nothing is half removed; the next time goes on.</p>
        </Notice>
      ) : (
        <RemovedTable report={report} />
      )}
    </Section>
  );
}
