import { Page } from '../../ui/index.ts';
import { PlanForm } from './plan-form.tsx';
import styles from './plan.module.css';

/** What would be trained? Says what to look at, and makes the plan. */
export const NewPlanPage = () => (
  <Page title="Plan" lead={<span>A plan says what would be trained and why. It trains nothing yet.</span>}>
    <div className={styles.formPanel}>
      <PlanForm />
    </div>
  </Page>
);
