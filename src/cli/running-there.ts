import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { ciFacts } from '../kernel/ci.ts';
import { UsageError } from '../kernel/errors.ts';
import type { RunView } from '../views/index.ts';
import type { RunFlags } from './commands/run.ts';
import { followThere } from './follow-there.ts';
import { factsOf, makePlanThere, refuseThere } from './plan-there.ts';
import { note, printJson } from './render/output.ts';
import { planText } from './render/plan.ts';
import { refuseStraySimulation } from './running.ts';
import { tellBuildThere } from './telling-there.ts';

/**
 * `trainyard run` on a server: plans there, runs that very plan, and tells what happens until it is over or waits for
 * people. Returns the exit code.
 */
export async function runThere(yard: Client, flags: RunFlags): Promise<number> {
  const json = flags.json === true;
  refuseThere(flags, ['plan', 'maxWorkers']);
  refuseStraySimulation(flags.provider ?? 'simulated', flags);
  const { after, run } =
    flags.resume === undefined ? await startThere(yard, flags) : await resumeThere(yard, flags);
  const followed = await followThere(yard, run, after);
  await tellBuildThere(yard, [run], { json, code: followed.code });
  if (json) printJson(flags.resume === undefined ? followed.run : { runs: [followed.run] });
  return followed.code;
}

/** A run that was begun or taken up, and the event after which what happens belongs to that. */
interface Begun {
  readonly run: string;
  readonly after: number;
}

async function startThere(yard: Client, flags: RunFlags): Promise<Begun> {
  const plan = await makePlanThere(yard, flags);
  if (flags.json !== true) note(planText(factsOf(plan), { circuits: null, sealed: null }));
  const after = await newestEvent(yard);
  const json = {
    approve: [...(flags.approve ?? [])],
    pr: flags.pr === true || ciFacts(process.env).pr,
    provider: providerOf(flags),
    simulation: simulationOf(flags),
  };
  const { plan_id } = plan;
  const { id } = await ok(yard.api.plans[':plan_id'].run.$post({ param: { plan_id }, json }));
  return { run: id, after };
}

function providerOf({ provider }: RunFlags): 'local' | 'simulated' | null {
  if (provider === undefined || provider === 'local' || provider === 'simulated') return provider ?? null;
  throw new UsageError(`There is no provider ${provider} on a server.`, {
    hint: 'It is one of local, simulated; left out, the one of its trainyard.yaml.',
  });
}

/** Whether that goes with the provider is the server's to say. */
function simulationOf({ fail, failRate: fail_rate, duration: duration_s, speed }: RunFlags) {
  const asked = { fail: fail && [...fail], fail_rate, duration_s, speed };
  return Object.values(asked).some((value) => value !== undefined) ? asked : null;
}

async function resumeThere(yard: Client, { resume }: RunFlags): Promise<Begun> {
  if (typeof resume !== 'string')
    throw new UsageError('The server goes on with open runs by itself.', {
      hint: 'Name the one that gave up: trainyard run --resume RUN',
    });
  const after = await newestEvent(yard);
  const run: Pick<RunView, 'id'> = await ok(yard.api.runs[':run'].resume.$post({ param: { run: resume } }));
  return { run: run.id, after };
}

/** What happens from now on comes after this event. */
export async function newestEvent({ api }: Client): Promise<number> {
  const { items } = await ok(api.events.$get({ query: { limit: 1 } }));
  return items[0]?.seq ?? 0;
}
