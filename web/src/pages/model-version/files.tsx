import { API } from '../../api/client.ts';
import type { VersionView } from '../../models/index.ts';
import { DataTable, Empty, Section, Time, bytes, plural } from '../../ui/index.ts';

/** The files of a version, each to download. */
export function Files({ version }: { readonly version: VersionView }) {
  const { registry, model_name, version: number, files, files_removed_at, size } = version;
  const base = `${API}/models/${encodeURIComponent(model_name)}/versions/${number}/files`;
  return (
    <Section
      title="Files"
      aside={
        <span className="muted">
          {plural(files.length, 'file')}, {bytes(size)}
        </span>
      }
      plain
    >
      {files_removed_at !== null ? (
        <Empty title="Retention removed its files.">
          <p>
            That was <Time at={files_removed_at} />. What it measured and where it comes from stays; a
            training with the same settings makes it anew.
          </p>
        </Empty>
      ) : (
        <DataTable
          label="Files"
          height={360}
          rows={files}
          rowKey={(file) => file.path}
          columns={[
            {
              key: 'path',
              head: 'File',
              width: 'minmax(160px, 2fr)',
              cell: (file) => (
                <a
                  href={`${base}/${encodeURIComponent(file.path)}?registry=${registry}`}
                  download
                  className="row-link"
                  data-hint={file.path}
                >
                  {file.path}
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
          ]}
          empty={<Empty title="It has no files." />}
        />
      )}
    </Section>
  );
}
