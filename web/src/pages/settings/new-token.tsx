import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { Role } from '../../../../src/kernel/roles.ts';
import { api, ok } from '../../api/client.ts';
import {
  Button,
  CheckBox,
  Command,
  Dialog,
  DialogFoot,
  ErrorNotice,
  Field,
  Notice,
  SelectBox,
  Time,
} from '../../ui/index.ts';
import type { NewToken } from './settings-data.ts';
import styles from './settings.module.css';

const DAY_S = 86_400;
const EXPIRIES = [
  { value: String(DAY_S), text: '1 day' },
  { value: String(7 * DAY_S), text: '7 days' },
  { value: String(30 * DAY_S), text: '30 days' },
  { value: String(90 * DAY_S), text: '90 days' },
  { value: String(365 * DAY_S), text: '1 year' },
  { value: 'never', text: 'never' },
] as const;
const ROLES: readonly (readonly [Role, string])[] = [
  ['viewer', 'reads everything'],
  ['operator', 'also starts, cancels and retries'],
  ['approver', 'also votes, where the gate lets it'],
  ['admin', 'everything, tokens and settings included'],
];

/** Makes a token, then shows its secret this once. */
export function NewTokenDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: (json: NewToken) => ok(api.tokens.$post({ json })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const close = (): void => {
    // It is made whether the dialog is there or not, and nobody would have its secret.
    if (making.isPending) return;
    onClose();
    // The secret goes with the dialog.
    making.reset();
  };
  return (
    <Dialog
      open={open}
      // Nor does Escape or a click beside it take the secret away: whoever has copied it says so.
      onClose={making.data === undefined ? close : stay}
      title={making.data === undefined ? 'New token' : `Token ${making.data.token.name}`}
    >
      {making.data === undefined ? (
        <Form making={making.isPending} error={making.error} onMake={making.mutate} onClose={close} />
      ) : (
        <Made secret={making.data.secret} expires_at={making.data.token.expires_at} onClose={close} />
      )}
    </Dialog>
  );
}

const stay = (): void => undefined;

function Form({
  making,
  error,
  onMake,
  onClose,
}: {
  readonly making: boolean;
  readonly error: Error | null;
  readonly onMake: (token: NewToken) => void;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<ReadonlySet<Role>>(new Set(['viewer']));
  const [expiry, setExpiry] = useState<(typeof EXPIRIES)[number]['value']>(EXPIRIES[3].value);
  const id = useId();
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onMake({
          name: name.trim(),
          roles: [...roles],
          expires_s: expiry === 'never' ? null : Number(expiry),
        });
      }}
    >
      <Field label="Name" htmlFor={id} help="What uses it: on record it acts as token: and this name.">
        <input
          id={id}
          required
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          placeholder="github-ci"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <fieldset className={styles.roles}>
        <legend>Roles</legend>
        {ROLES.map(([role, may]) => (
          <CheckBox
            key={role}
            label={
              <span>
                {role} <span className="muted">{may}</span>
              </span>
            }
            checked={roles.has(role)}
            onChange={(on) =>
              setRoles((before) => new Set(on ? [...before, role] : [...before].filter((r) => r !== role)))
            }
          />
        ))}
      </fieldset>
      <SelectBox
        label="Expires in"
        value={expiry}
        options={EXPIRIES}
        all={null}
        onChange={(next) => setExpiry(next ?? EXPIRIES[3].value)}
      />
      {error !== null && <ErrorNotice error={error} />}
      <DialogFoot>
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" kind="primary" busy={making} disabled={name.trim() === '' || roles.size === 0}>
          Make the token
        </Button>
      </DialogFoot>
    </form>
  );
}

const Made = ({
  secret,
  expires_at,
  onClose,
}: {
  readonly secret: string;
  readonly expires_at: string | null;
  readonly onClose: () => void;
}) => (
  <div className="stack">
    <Notice tone="waiting" title="Copy the secret now.">
      <p>It is shown this once and kept nowhere; whoever has it acts as this token.</p>
    </Notice>
    <Command text={secret} />
    <p className="muted">
      {expires_at === null ? (
        'It never expires.'
      ) : (
        <>
          It is good until <Time at={expires_at} />.
        </>
      )}{' '}
      The command line takes it as <code>TRAINYARD_TOKEN</code>; other programs send it as{' '}
      <code>Authorization: Bearer …</code>
    </p>
    <DialogFoot>
      <Button kind="primary" onClick={onClose}>
        I have copied it
      </Button>
    </DialogFoot>
  </div>
);
