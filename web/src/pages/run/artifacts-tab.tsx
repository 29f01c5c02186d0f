import { useQuery } from '@tanstack/react-query';
import { API } from '../../api/client.ts';
import { DataTable, Empty, Time, buttonLook, bytes } from '../../ui/index.ts';
import { artifactsQuery } from './data.ts';

/** The files that a run left, each to download, or all at once. */
export function ArtifactsTab({ run }: { readonly run: string }) {
  const { data, error, isPending, refetch } = useQuery(artifactsQuery(run));
  const files = data?.items ?? [];
  return (
    <>
      {files.length > 0 && (
        <div>
          <a href={`${API}/runs/${run}/artifacts.zip`} download className={buttonLook}>
            Download all as a zip
          </a>
        </div>
      )}
      <DataTable
        label="Artifacts"
        rows={files}
        loading={isPending}
        error={error}
        retry={() => void refetch()}
        rowKey={(file) => file.name}
        height={480}
        columns={[
          {
            key: 'name',
            head: 'File',
            width: 'minmax(160px, 2fr)',
            cell: (file) => (
              <a
                href={`${API}/runs/${run}/artifacts/${encodeURIComponent(file.name)}`}
                download
                className="row-link"
              >
                {file.name}
              </a>
            ),
          },
          { key: 'size', head: 'Size', width: '88px', align: 'right', cell: (file) => bytes(file.size) },
          {
            key: 'sha256',
            head: 'SHA-256',
            width: 'minmax(160px, 2fr)',
            from: 640,
            cell: (file) => <code>{file.sha256}</code>,
          },
          {
            key: 'written',
            head: 'Written',
            width: '104px',
            from: 480,
            cell: (file) => <Time at={file.created_at} />,
          },
        ]}
        empty={<Empty title="No files yet.">They are written as the stages end.</Empty>}
      />
    </>
  );
}
