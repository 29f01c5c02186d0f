import type { ApiError } from '../api/client.ts';
import { Notice, Page } from '../ui/index.ts';
import { SignOut } from './who.tsx';

/** Somebody who is known and may see nothing. */
export const NoRole = ({ error }: { readonly error: ApiError }) => (
  <Page title="No access" actions={error.code === 'not_allowed' && <SignOut />}>
    <Notice
      tone="waiting"
      title={error.code === 'not_allowed' ? 'You are signed in, and have no role here.' : error.title}
    >
      <p>{error.message}</p>
      <p className="muted">{error.hint}</p>
    </Notice>
  </Page>
);
