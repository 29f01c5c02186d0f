import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { meQuery, rolesInWords } from '../api/me.ts';
import { forget, signOut } from '../api/sign-in.ts';
import { Button } from '../ui/index.ts';
import styles from './shell.module.css';

/** Who uses the page and what they may do; who signed in may sign out. */
export function Who() {
  const { data } = useQuery(meQuery);
  if (data === undefined) return null;
  const { name, identity, roles, via } = data;
  const how = identity === 'verified' ? 'Signed in' : 'A name as this machine says it: nobody signed in';
  return (
    <div className={styles.who}>
      <p data-hint={`${name}\n${how}; may act as ${roles.join(', ')}`} tabIndex={0} className={styles.name}>
        {name}
      </p>
      <p className={styles.roles}>{rolesInWords(roles)}</p>
      {via === 'session' && <SignOut />}
    </div>
  );
}

export function SignOut() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const leaving = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      await navigate({ to: '/sign-in', search: { why: 'out' } });
      forget(queries);
    },
  });
  return (
    <Button small busy={leaving.isPending} onClick={() => leaving.mutate()}>
      Sign out
    </Button>
  );
}
