import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState } from 'react';
import type { PlanView } from '../../../../src/views/index.ts';
import { ApiError, api, ok } from '../../api/client.ts';
import { useRefusal } from '../../api/may.ts';
import { runPath } from '../../paths.ts';
import {
  Allowed,
  Button,
  CheckBox,
  Dialog,
  DialogFoot,
  ErrorNotice,
  Field,
  count,
  plural,
  toast,
} from '../../ui/index.ts';
import { trainedByCause } from './trained-by-cause.ts';
import styles from './plan.module.css';

/** Runs the plan as it was sealed, after a question that says how much is trained. */
export function RunPlan({
  plan,
  stale,
  onStale,
}: {
  readonly plan: PlanView;
  readonly stale: boolean;
  readonly onStale: (why: ApiError) => void;
}) {
  const [open, setOpen] = useState(false);
  const [gates, setGates] = useState<ReadonlySet<string>>(new Set());
  const [pr, setPr] = useState(false);
  const [comment, setComment] = useState('');
  const id = useId();
  const navigate = useNavigate();
  const noOperator = useRefusal('operator');
  const noApprover = useRefusal('approver');
  const running = useMutation({
    mutationFn: () =>
      ok(
        api.plans[':plan_id'].run.$post({
          param: { plan_id: plan.plan_id },
          json: {
            approve: [...gates],
            pr,
            ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
          },
        }),
      ),
    onSuccess: (run) => toast(`Run ${run.number} is on its way.`),
    onError: (error) => {
      if (!(error instanceof ApiError) || error.status !== 409 || error.code !== 'conflict') return;
      setOpen(false);
      onStale(error);
    },
  });
  const { train, owed } = plan.summary;
  const why = stale
    ? 'Something moved since it was made.'
    : plan.guard.blocked
      ? 'The guard blocks it; say below why so many.'
      : train === 0 && owed === 0
        ? 'There is nothing to train.'
        : noOperator;
  const close = (): void => {
    // It goes on, whatever is closed.
    if (running.isPending) return;
    setOpen(false);
    running.reset();
  };
  return (
    <>
      <Allowed why={why}>
        <Button kind="primary" disabled={why !== null} onClick={() => setOpen(true)}>
          Seal and run
        </Button>
      </Allowed>
      <Dialog
        open={open}
        onClose={close}
        title={train === 0 ? 'Run without a training' : `Train ${plural(train, 'circuit')}`}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            // Whoever has gone elsewhere meanwhile stays there.
            running.mutate(undefined, { onSuccess: ({ number }) => void navigate({ to: runPath(number) }) });
          }}
        >
          {train > 0 && (
            <ul className={styles.causes}>
              {trainedByCause(plan.groups).map(({ cause, circuits }) => (
                <li key={cause}>
                  <strong>{count(circuits)}</strong> {cause.replaceAll('_', ' ')}
                </li>
              ))}
            </ul>
          )}
          {owed > 0 && <p>{plural(owed, 'circuit')} that failed before will be offered at the retry gate.</p>}
          <p className="muted">
            Exactly this plan is run. If something has moved since it was made, nothing is trained and you are
            told what.
          </p>
          <fieldset className={styles.choices} disabled={noApprover !== null}>
            <legend>Approve in advance</legend>
            {noApprover !== null && <p className="muted">{noApprover}</p>}
            {GATES.map(({ name, help }) => (
              <CheckBox
                key={name}
                label={
                  <span>
                    {name} <span className="muted">{help}</span>
                  </span>
                }
                checked={gates.has(name)}
                onChange={(on) =>
                  setGates(
                    (before) => new Set(on ? [...before, name] : [...before].filter((g) => g !== name)),
                  )
                }
              />
            ))}
          </fieldset>
          <CheckBox
            label={
              <span>
                As a pull-request run <span className="muted">its models never count as good</span>
              </span>
            }
            checked={pr}
            onChange={setPr}
          />
          <Field label="Comment (optional)" htmlFor={id}>
            <textarea
              id={id}
              rows={2}
              maxLength={4000}
              value={comment}
              onChange={(event) => setComment(event.target.value)}
            />
          </Field>
          {running.isError && <ErrorNotice error={running.error} />}
          <DialogFoot>
            <Button disabled={running.isPending} onClick={close}>
              Back
            </Button>
            <Button type="submit" kind="primary" busy={running.isPending}>
              {train === 0 ? 'Run' : `Train ${count(train)}`}
            </Button>
          </DialogFoot>
        </form>
      </Dialog>
    </>
  );
}

/** The gates that a training can come to. */
const GATES = [
  { name: 'training-retry', help: 'what fails is trained again at once' },
  { name: 'registry-promotion', help: 'models that meet the quality rules are promoted' },
] as const;
