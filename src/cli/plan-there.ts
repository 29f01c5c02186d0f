import { items, ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { manualCircuits } from '../config/index.ts';
import { splitSelectors } from '../fleet/index.ts';
import { UsageError } from '../kernel/errors.ts';
import type { PlanView, PlannedCircuitView } from '../views/index.ts';
import type { PlanFlags } from './commands/plan.ts';
import { planOptions } from './commands/plan.ts';
import type { PlanFacts } from './render/plan.ts';

/** Makes a plan on a server, which keeps it sealed for a day. */
export async function makePlanThere({ api }: Client, flags: PlanFlags): Promise<PlanView> {
  const options = planOptions(flags, manualCircuits(process.env));
  const circuits = options.circuits.flatMap(splitSelectors);
  return ok(api.plans.$post({ json: { ...options, circuits } }));
}

/** The plan under the name that a run of it has; what is shown elsewhere has more to it. */
export const factsOf = (plan: PlanView): PlanFacts => ({
  ...plan,
  plan_id: plan.plan_id.split('-', 1)[0] ?? plan.plan_id,
});

/** Its circuits in the order of circuits.yaml. */
export const circuitsOf = ({ api }: Client, plan_id: string): AsyncGenerator<PlannedCircuitView> =>
  items((cursor) =>
    api.plans[':plan_id'].circuits.$get({ param: { plan_id }, query: { limit: 500, cursor } }),
  );

/** @throws UsageError for what a plan or a run on a server has not */
export function refuseThere(
  flags: object,
  names: readonly string[],
  hint = 'The server trains as its own trainyard.yaml says; leave the flag out.',
): void {
  const [name] =
    Object.entries(flags).find(([each, value]) => names.includes(each) && value !== undefined) ?? [];
  if (name === undefined) return;
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${flag} does not go with a server.`, {
    hint: HINTS[name] ?? hint,
  });
}

const HINTS: Readonly<Record<string, string>> = {
  out: 'The server keeps every plan sealed for a day; the web UI shows and runs it.',
  plan: 'A sealed file belongs to a project here. Leave it out: the server seals the plan that it runs.',
};
