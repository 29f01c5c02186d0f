export { NewPlanPage } from './new-plan-page.tsx';
export { PlanPage } from './plan-page.tsx';
