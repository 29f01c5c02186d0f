import { useMutation } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import type { ButtonProps } from './button.tsx';
import { Dialog, DialogFoot } from './dialog.tsx';
import { Field } from './field.tsx';
import { ErrorNotice, Notice } from './notice.tsx';
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
  /** False: it makes no sense now, and is not offered. Whoever is asked already is told so, and loses no text. */
  readonly offered?: boolean;
  /** Asks for a comment, which goes on record; `required`: it cannot be done without. */
  readonly comment?: 'optional' | 'required';
  /** What the comment is called. */
  readonly ask?: string;
  /** The question comes up, or goes away. */
  readonly onAsk?: (asking: boolean) => void;
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
  offered = true,
  comment,
  ask = 'Comment',
  onAsk,
  act,
}: ConfirmProps) {
  const [open, setAsking] = useState(false);
  const setOpen = (asking: boolean): void => {
    setAsking(asking);
    onAsk?.(asking);
  };
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
    // It goes on, whatever is closed.
    if (doing.isPending) return;
    setOpen(false);
    doing.reset();
  };
  // Once it is not offered any more, what was asked last still stands there, with a word of that.
  const last = useRef({ action, title, children });
  useEffect(() => {
    if (offered) last.current = { action, title, children };
  });
  const asked = offered ? { action, title, children } : last.current;
  // While it is done it stops being possible as well.
  const gone = !offered && !doing.isPending;
  if (!offered && !open) return null;
  return (
    <>
      {offered && (
        <Button
          kind={quiet ? 'quiet' : (kind ?? 'quiet')}
          small={small ?? false}
          needs={needs}
          onClick={() => setOpen(true)}
        >
          {action}
        </Button>
      )}
      <Dialog open={open} onClose={close} title={asked.title}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            doing.mutate();
          }}
        >
          <div className="stack">
            {gone ? (
              <div role="alert">
                <Notice tone="waiting" title="This is not possible any more: it changed meanwhile." />
              </div>
            ) : (
              <div>{asked.children}</div>
            )}
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
              <Button disabled={doing.isPending} onClick={close}>
                Back
              </Button>
              {!gone && (
                <Button type="submit" kind={kind === 'danger' ? 'danger' : 'primary'} busy={doing.isPending}>
                  {asked.action}
                </Button>
              )}
            </DialogFoot>
          </div>
        </form>
      </Dialog>
    </>
  );
}
