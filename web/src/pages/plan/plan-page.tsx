import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode } from 'react';
import type { PlanView } from '../../../../src/views/index.ts';
import { ApiError } from '../../api/client.ts';
import { planQuery } from '../../api/plans.ts';
import {
  Button,
  Dialog,
  Empty,
  ErrorNotice,
  Page,
  Section,
  Skeleton,
  Time,
  buttonLook,
  count,
  plural,
} from '../../ui/index.ts';
import { Checks } from './checks.tsx';
import { GuardNotice } from './guard-notice.tsx';
import { PlanForm } from './plan-form.tsx';
import { PlanGroups } from './plan-groups.tsx';
import { PlannedCircuits } from './planned-circuits.tsx';
import { RunPlan } from './run-plan.tsx';
import { StaleNotice } from './stale-notice.tsx';
import styles from './plan.module.css';

const route = getRouteApi('/plan/$plan');

/** A plan: what would be trained, why, and what stands in its way. */
export function PlanPage() {
  const { plan: id } = route.useParams();
  const { data: plan, isError, error, refetch } = useQuery(planQuery(id));
  // What is known to have moved belongs to the plan that was refused.
  const [refused, setRefused] = useState<{ readonly made: string; readonly why: ApiError } | null>(null);
  if (plan === undefined && isError)
    return (
      <Page title="Plan">
        {error instanceof ApiError && error.status === 404 ? (
          <Empty title={error.message}>
            <p>Plans are kept for a day, the last twenty of them.</p>
            <Link to="/plan" className={buttonLook}>
              Make a new one
            </Link>
          </Empty>
        ) : (
          <ErrorNotice error={error} retry={() => void refetch()} />
        )}
      </Page>
    );
  if (plan === undefined)
    return (
      <Page title="Plan">
        <Skeleton lines={12} height={24} />
      </Page>
    );
  // The same plan may have been made anew. What was typed and ticked is for one of them.
  const made = `${plan.plan_id} ${plan.made_at}`;
  const stale = refused?.made === made ? refused.why : null;
  return (
    <Page
      title="Plan"
      heading={headline(plan)}
      lead={<Lead plan={plan} />}
      actions={
        <>
          <Options key={`options ${made}`} plan={plan} />
          <RunPlan
            key={`run ${made}`}
            plan={plan}
            stale={stale !== null}
            onStale={(why) => setRefused({ made, why })}
          />
        </>
      }
    >
      {stale !== null && <StaleNotice why={stale} options={plan.options} />}
      {plan.guard.blocked && <GuardNotice key={made} plan={plan} />}
      <Checks plan={plan} />
      <Section title="By cause" plain>
        <PlanGroups plan={plan} />
      </Section>
      <Section title="Circuits" plain>
        <PlannedCircuits plan={plan} />
      </Section>
    </Page>
  );
}

function headline({ summary: { train, skip, owed } }: PlanView): ReactNode {
  return (
    <>
      <span>
        {train === 0 ? 'Nothing to train' : `${count(train)} to train`}
        <span className={styles.rest}>, {count(skip)} to keep</span>
      </span>
      {owed > 0 && (
        <span className={styles.rest}>{plural(owed, 'failed circuit')} offered at the retry gate</span>
      )}
    </>
  );
}

const Lead = ({ plan }: { readonly plan: PlanView }) => (
  <>
    <span>
      {plan.detection.mode === 'git' && plan.detection.base_ref !== null
        ? `against ${plan.detection.base_ref}`
        : 'against the good models'}
    </span>
    <span>
      made <Time at={plan.made_at} relative /> by {plan.made_by}
    </span>
    <span>
      sealed until <Time at={plan.expires_at} />
    </span>
    <span className="mono">{plan.plan_id}</span>
  </>
);

/** Another plan from the options of this one. */
function Options({ plan }: { readonly plan: PlanView }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Plan anew</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="A new plan" wide>
        <PlanForm from={plan.options} />
      </Dialog>
    </>
  );
}
