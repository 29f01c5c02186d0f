import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useRefusal } from '../../api/may.ts';
import { previewQuery } from '../../scripts/index.ts';
import type { Preview as Previewed, ScriptsRequest } from '../../scripts/index.ts';
import { DataTable, ErrorNotice, Skeleton, Tag, count, plural } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { howText } from './how-text.ts';

/** What the request would make, asked for once nobody types any more. `awaited`: what is shown was for another request. */
export function usePreview(
  request: ScriptsRequest,
  readable: boolean,
): { readonly preview: UseQueryResult<Previewed>; readonly awaited: boolean } {
  const key = JSON.stringify(request);
  const [settled, setSettled] = useState({ key, request });
  useEffect(() => {
    if (settled.key === key) return undefined;
    const timer = setTimeout(() => setSettled({ key, request }), 400);
    return () => clearTimeout(timer);
  }, [key, request, settled.key]);
  const refusal = useRefusal('operator');
  const enabled = readable && refusal === null;
  const preview = useQuery({ ...previewQuery(settled.request), enabled });
  const awaited = enabled && (settled.key !== key || preview.isPlaceholderData || preview.isPending);
  return { preview, awaited };
}

/** The jobs that would run, each with its command. */
export function Preview({
  preview,
  readable,
}: {
  readonly preview: UseQueryResult<Previewed>;
  readonly readable: boolean;
}) {
  const refusal = useRefusal('operator');
  if (refusal !== null) return <p className="muted">{refusal}</p>;
  if (!readable) return <p className="muted">Mend the fields above, and the jobs are shown here.</p>;
  if (preview.isError) return <ErrorNotice error={preview.error} />;
  const { data } = preview;
  if (data === undefined) return <Skeleton lines={4} height={24} />;
  return (
    <>
      <p role="status">
        {plural(data.total, 'job')}
        {data.total > data.jobs.length && (
          <span className="muted">, the first {count(data.jobs.length)} are shown</span>
        )}
      </p>
      <p className="muted">{howText(data)}</p>
      <DataTable
        label="Jobs that would run"
        rows={data.jobs}
        height={280}
        focusable
        rowKey={(job) => job.id}
        columns={columnsFor(data.parameters)}
        empty={<p className="muted">There is nothing to run.</p>}
      />
    </>
  );
}

const columnsFor = (parameters: readonly string[]): readonly Column<Previewed['jobs'][number]>[] => [
  {
    key: 'id',
    head: 'Job',
    width: 'minmax(128px, 1fr)',
    cell: ({ id, optional }) => (
      <>
        {id} {optional && <Tag text="may fail" />}
      </>
    ),
  },
  ...parameters.slice(0, 4).map((name): Column<Previewed['jobs'][number]> => ({
    key: `parameter.${name}`,
    head: name,
    width: 'minmax(56px, 0.4fr)',
    align: 'right',
    from: 800,
    cell: ({ parameters: given }) => given[name] ?? <span className="muted">–</span>,
  })),
  {
    key: 'command',
    head: 'Command',
    width: 'minmax(128px, 2fr)',
    cell: ({ command }) => <code>{command.join(' ')}</code>,
  },
];
