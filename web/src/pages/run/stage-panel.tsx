import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, ok } from '../../api/client.ts';
import { gateOf, inWords } from '../../railway/index.ts';
import { Button, ConfirmButton, StatusBadge, Time, Took } from '../../ui/index.ts';
import type { RunView, Stage } from './data.ts';
import styles from './stage-panel.module.css';

/** A station in full. */
export function StagePanel({
  run,
  stage,
  onClose,
}: {
  readonly run: RunView;
  readonly stage: Stage;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const gate = gateOf(stage.name);
  const approval = run.approvals.find((a) => a.gate === gate && stage.status === 'waiting');
  const open = stage.status === 'running' || stage.status === 'waiting' || stage.status === 'pending';
  const output = Object.entries(stage.output);
  return (
    <section aria-label={stage.name} className={styles.panel}>
      <div className={styles.head}>
        <h3>{stage.name}</h3>
        <StatusBadge state={stage.status} />
        <span className={styles.space} />
        <ConfirmButton
          small
          kind="danger"
          offered={open && run.ended_at === null && stage.cancel_requested_by === null}
          action="Cancel stage"
          title={`Cancel ${stage.name} of run ${run.number}?`}
          act={async () => {
            const { requested } = await ok(
              api.runs[':run'].cancel.$post({
                param: { run: String(run.number) },
                json: { stage: stage.name },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['runs'] });
            return requested ? `${stage.name} is being canceled.` : 'There was nothing left to cancel.';
          }}
        >
          The stage ends where it is; the run goes on as far as it can without it.
        </ConfirmButton>
        <Button small onClick={onClose}>
          Close
        </Button>
      </div>
      {stage.reason !== null && <p>{stage.reason}</p>}
      <dl className={styles.facts}>
        {inWords(stage.counts) !== '' && <Fact name="Counts">{inWords(stage.counts)}</Fact>}
        {gate !== null && (
          <Fact name="Gate">
            {gate}
            {approval !== undefined && (
              <>
                , waits until <Time at={approval.expires_at} />
              </>
            )}
          </Fact>
        )}
        <Fact name="Started">
          <Time at={stage.started_at} />
        </Fact>
        <Fact name="Ended">
          <Time at={stage.ended_at} />
        </Fact>
        <Fact name="Took">
          <Took from={stage.started_at} to={stage.ended_at} />
        </Fact>
        {stage.cancel_requested_by !== null && <Fact name="Canceled by">{stage.cancel_requested_by}</Fact>}
        {output.map(([name, value]) => (
          <Fact key={name} name={name.replaceAll('_', ' ')}>
            {shown(value)}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** What a stage hands on, in words as far as it goes. */
function shown(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map(shown).join('; ');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name.replaceAll('_', ' ')} ${shown(inner)}`)
    .join(', ');
}
