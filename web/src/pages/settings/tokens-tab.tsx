import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { useRefusal } from '../../api/may.ts';
import { rolesInWords } from '../../api/me.ts';
import { Button, CheckBox, ConfirmButton, DataTable, Empty, Filters, Status, Time } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { NewTokenDialog } from './new-token.tsx';
import { tokens } from './settings-data.ts';
import type { Token } from './settings-data.ts';

/** What programs sign in with. */
export function TokensTab() {
  const refusal = useRefusal('admin');
  return refusal === null ? <Tokens /> : <Empty title="Tokens are for admins to see.">{refusal}</Empty>;
}

function Tokens() {
  const [revoked, setRevoked] = useState(false);
  const [making, setMaking] = useState(false);
  const list = useList(['tokens', 'list', revoked], (cursor, signal) => tokens(revoked, cursor, signal));
  return (
    <div className="stack">
      <Filters>
        <Button kind="primary" onClick={() => setMaking(true)}>
          New token
        </Button>
        <CheckBox label="Revoked ones too" checked={revoked} onChange={setRevoked} />
      </Filters>
      <DataTable
        label="Tokens"
        {...list}
        columns={COLUMNS}
        height={560}
        rowHeight={40}
        rowKey={(token) => token.id}
        empty={
          <Empty title="There are no tokens.">
            Programs show one with each call: <code>Authorization: Bearer ty_…</code>
          </Empty>
        }
      />
      <NewTokenDialog open={making} onClose={() => setMaking(false)} />
    </div>
  );
}

const COLUMNS: readonly Column<Token>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(96px, 2fr)',
    cell: (token) => <strong data-hint={`Acts as token:${token.name}`}>{token.name}</strong>,
  },
  { key: 'roles', head: 'Roles', width: 'minmax(72px, 1fr)', cell: (token) => rolesInWords(token.roles) },
  { key: 'state', head: 'State', width: '88px', from: 480, cell: (token) => <Status state={token.state} /> },
  {
    key: 'expires_at',
    head: 'Expires',
    width: '136px',
    from: 640,
    cell: (token) => (token.expires_at === null ? 'never' : <Time at={token.expires_at} />),
  },
  {
    key: 'last_used_at',
    head: 'Last used',
    width: '112px',
    from: 640,
    cell: (token) =>
      token.last_used_at === null ? (
        <span className="muted">not yet</span>
      ) : (
        <Time at={token.last_used_at} relative />
      ),
  },
  {
    key: 'created_by',
    head: 'Made by',
    width: 'minmax(96px, 1.5fr)',
    from: 800,
    cell: (token) => token.created_by,
  },
  {
    key: 'revoke',
    head: '',
    width: '80px',
    align: 'right',
    cell: (token) => (token.state === 'revoked' ? null : <Revoke token={token} />),
  },
];

function Revoke({ token }: { readonly token: Token }) {
  const queries = useQueryClient();
  return (
    <ConfirmButton
      small
      kind="danger"
      needs="admin"
      action="Revoke"
      title={`Revoke ${token.name}?`}
      act={async () => {
        await ok(api.tokens[':id'].$delete({ param: { id: token.id } }));
        await queries.invalidateQueries({ queryKey: ['tokens'] });
        return `${token.name} lets nobody in any more.`;
      }}
    >
      Whatever uses it is refused from now on, and sessions that began with it end. There is no way back.
    </ConfirmButton>
  );
}
