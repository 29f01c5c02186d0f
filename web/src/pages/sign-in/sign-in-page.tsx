import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import type { ReactNode } from 'react';
import { ApiError } from '../../api/client.ts';
import { forget, methodsQuery, pageToReturnTo, providerPath, signInWithToken } from '../../api/sign-in.ts';
import { Button, ErrorNotice, Field, Mark, Notice, Skeleton, buttonLook } from '../../ui/index.ts';
import styles from './sign-in.module.css';

const route = getRouteApi('/sign-in');

/** Stands alone: nothing of the project is shown before it is known who asks. */
export function SignInPage() {
  const { return_to, why } = route.useSearch();
  const { data, error, refetch } = useQuery(methodsQuery);
  const to = pageToReturnTo(return_to);
  useEffect(() => {
    document.title = 'Sign in · Trainyard';
  }, []);
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <p className={styles.brand}>
          <Mark /> Trainyard
        </p>
        <h1>Sign in</h1>
        {why === 'over' && (
          <Notice tone="waiting" title="Your session is over.">
            <p>
              It ends eight hours after the last request, after a day, and when your access changes. You will
              be back where you were.
            </p>
          </Notice>
        )}
        {why === 'out' && <Notice tone="idle" title="You are signed out." />}
        {error !== null && <ErrorNotice error={error} retry={() => void refetch()} />}
        {data === undefined && error === null && <Skeleton lines={2} height={32} />}
        {data?.local === true && <Local to={to} />}
        {data?.local === false && data.oidc !== null && <Provider host={data.oidc.host} to={to} />}
        {data?.local === false && data.oidc === null && <TokenForm to={to} />}
      </div>
    </main>
  );
}

/** With a token as well: somebody has to get in when the provider does not answer. */
function Provider({ host, to }: { readonly host: string; readonly to: string }) {
  return (
    <>
      <a href={providerPath(to)} className={`${buttonLook} ${styles.wide}`} data-kind="primary">
        Sign in with {host}
      </a>
      <details className={styles.other}>
        <summary>With a token instead</summary>
        <TokenForm to={to} />
      </details>
    </>
  );
}

function TokenForm({ to }: { readonly to: string }) {
  const [token, setToken] = useState('');
  const id = useId();
  const queries = useQueryClient();
  const router = useRouter();
  const signingIn = useMutation({
    mutationFn: () => signInWithToken(token.trim()),
    onSuccess: async () => {
      forget(queries);
      await router.navigate({ href: to, replace: true });
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        signingIn.mutate();
      }}
    >
      <Field
        label="Token"
        htmlFor={id}
        help="You act under its name and with its roles; the browser keeps a session, not the token."
      >
        <input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          maxLength={200}
          placeholder="ty_…"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </Field>
      {signingIn.isError && <Refusal error={signingIn.error} />}
      <Button
        type="submit"
        kind="primary"
        className={styles.wide}
        busy={signingIn.isPending}
        disabled={token.trim() === ''}
      >
        Sign in
      </Button>
      <p className={styles.help}>
        No token yet? Somebody who may make one types:
        <code>trainyard tokens create NAME --role viewer</code>
      </p>
    </form>
  );
}

/** Why it did not work, in the words of this page; the server's own say more where there is more. */
function Refusal({ error }: { readonly error: unknown }): ReactNode {
  if (error instanceof ApiError && error.status === 401)
    return (
      <div role="alert">
        <Notice tone="failed" title={error.message}>
          <p>Look whether it was copied whole: it begins with ty_ and has no spaces.</p>
        </Notice>
      </div>
    );
  return <ErrorNotice error={error} />;
}

function Local({ to }: { readonly to: string }) {
  return (
    <>
      <p>On this machine nobody has to sign in.</p>
      <a href={to} className={`${buttonLook} ${styles.wide}`} data-kind="primary">
        Go on
      </a>
    </>
  );
}
