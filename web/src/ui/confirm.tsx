import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import type { ButtonProps } from './button.tsx';
import { Dialog, DialogFoot } from './dialog.tsx';
import { Field } from './field.tsx';
import { ErrorNotice } from './notice.tsx';
import { toast } from './toast.tsx';

interface ConfirmProps {
  /** What the button says, and the one that does it. */
  readonly action: string;
  readonly title: string;
  /** What will happen, in a sentence. */
  readonly children: ReactNode;
  readonly kind?: ButtonProps['kind'];
  /** The button that asks is quiet, whatever it leads to: for rows of a table. */
  readonly quiet?: boolean;
  readonly small?: boolean;
  /** The role that it takes; most take `operator`. */
  readonly needs?: ButtonProps['needs'];
  /** Asks for a comment, which goes on record; `required`: it cannot be done without. */
  readonly comment?: 'optional' | 'required';
  /** What the comment is called. */
  readonly ask?: string;
  /** Does it, and tells what came of it in a sentence. */
  readonly act: (comment: string | undefined) => Promise<string>;
}

/** A button that asks before it acts, and says in place what went wrong. */
export function ConfirmButton({
  action,
  title,
  children,
  kind,
  quiet = false,
  small,
  needs = 'operator',
  comment,
  ask = 'Comment',
  act,
}: ConfirmProps) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const id = useId();
  const doing = useMutation({
    mutationFn: () => act(text.trim() === '' ? undefined : text.trim()),
    onSuccess: (told) => {
      setOpen(false);
      setText('');
      toast(told);
    },
  });
  const close = (): void => {
    setOpen(false);
    doing.reset();
  };
  return (
    <>
      <Button
        kind={quiet ? 'quiet' : (kind ?? 'quiet')}
        small={small ?? false}
        needs={needs}
        onClick={() => setOpen(true)}
      >
        {action}
      </Button>
      <Dialog open={open} onClose={close} title={title}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            doing.mutate();
          }}
        >
          <div className="stack">
            <div>{children}</div>
            {comment !== undefined && (
              <Field label={comment === 'required' ? ask : `${ask} (optional)`} htmlFor={id}>
                <textarea
                  id={id}
                  rows={3}
                  maxLength={2000}
                  required={comment === 'required'}
                  value={text}
                  onChange={(event) => setText(event.target.value)}
                />
              </Field>
            )}
            {doing.isError && <ErrorNotice error={doing.error} />}
            <DialogFoot>
              <Button onClick={close}>Back</Button>
              <Button type="submit" kind={kind === 'danger' ? 'danger' : 'primary'} busy={doing.isPending}>
                {action}
              </Button>
            </DialogFoot>
          </div>
        </form>
      </Dialog>
    </>
  );
}
