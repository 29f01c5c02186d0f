import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/list.ts';
import { fetchScripts } from '../../scripts/index.ts';
import type { ScriptRow } from '../../scripts/index.ts';
import { Command, DataTable, Empty, Page, SearchBox, Section, buttonLook, plural } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import styles from './scripts-page.module.css';
import { ScriptRuns } from './script-runs.tsx';

const route = getRouteApi('/scripts');

/** The training scripts of the repository, and what came of running them. */
export function ScriptsPage() {
  const { q } = route.useSearch();
  const navigate = useNavigate({ from: '/scripts' });
  const list = useList(['scripts', 'list', q], (cursor, signal) => fetchScripts(q, cursor, signal));
  const total = list.last?.total;
  return (
    <Page
      title="Scripts"
      lead={total !== undefined && q === undefined && <span>{plural(total, 'script')}</span>}
      actions={
        <Link to="/scripts/new" className={buttonLook} data-kind="primary">
          Run scripts
        </Link>
      }
    >
      <ScriptRuns />
      <Section
        title="Scripts that there are"
        aside={
          <SearchBox
            label="Find scripts"
            placeholder="Name or path"
            value={q ?? ''}
            onChange={(text) =>
              void navigate({
                search: { q: text === '' ? undefined : text },
                replace: true,
                resetScroll: false,
              })
            }
          />
        }
        plain
      >
        <DataTable
          label="Scripts"
          {...list}
          height={480}
          rowHeight={36}
          rowKey={(script) => script.id}
          columns={COLUMNS}
          empty={
            q !== undefined ? (
              <Empty title="No script is called like that.">Look for a part of its name or path.</Empty>
            ) : (
              <Empty title="No training script here.">
                <p>
                  Every file called train_*.py below the project is found, with the options that it declares;
                  nothing has to be written down for it. What else counts stands under scripts: in
                  trainyard.yaml.
                </p>
                <Command text="trainyard scripts --list" />
              </Empty>
            )
          }
        />
      </Section>
    </Page>
  );
}

const COLUMNS: readonly Column<ScriptRow>[] = [
  {
    key: 'id',
    head: 'Script',
    width: 'minmax(128px, 1fr)',
    cell: ({ id }) => (
      <Link to="/scripts/new" search={{ only: id }} className="row-link" data-hint={`Run ${id}`}>
        {id}
      </Link>
    ),
  },
  {
    key: 'path',
    head: 'File',
    width: 'minmax(160px, 1.2fr)',
    from: 640,
    cell: ({ script, copies }) => (
      <span
        className="mono"
        data-hint={copies.length === 0 ? script : `${script}; the same as ${copies.join(', ')}`}
      >
        {script}
      </span>
    ),
  },
  {
    key: 'takes',
    head: 'Takes',
    width: 'minmax(128px, 1.6fr)',
    cell: ({ flags, flags_known, reason }) =>
      !flags_known ? (
        <span data-hint={reason} data-tone="waiting" className={styles.unread}>
          <span aria-hidden="true">! </span>cannot be read
        </span>
      ) : flags.length === 0 ? (
        <span className="muted">nothing</span>
      ) : (
        <span className="mono" data-hint={flags.join(' ')}>
          {flags.join(' ')}
        </span>
      ),
  },
  {
    key: 'output',
    head: 'Results in',
    width: 'minmax(128px, 1fr)',
    from: 1000,
    cell: ({ output }) => <span className="mono">results/{output}</span>,
  },
  {
    key: 'optional',
    head: '',
    width: '80px',
    from: 480,
    cell: ({ optional }) =>
      optional ? (
        <span className="muted" data-hint="Its failure fails nothing else">
          optional
        </span>
      ) : (
        'mandatory'
      ),
  },
];
