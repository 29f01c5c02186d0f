import type { Project } from '../app.ts';
import type { TriggeredRun } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { NotFoundError, TrainyardError, messageOf } from '../kernel/errors.ts';
import type { Run } from '../pipelines/index.ts';
import type { Tx } from '../store/index.ts';
import { chooseScripts } from './choose-scripts.ts';
import type { ScriptSettings } from './choose-scripts.ts';
import { planProject } from './plan-project.ts';
import { prepareServedScripts } from './serve-scripts.ts';
import { prepareRun } from './start-run.ts';

/** What came of it when a schedule or a hook was to run something. */
export interface Triggered {
  readonly outcome: 'started' | 'nothing';
  /** For people: `run 12 for 3 of 40 circuits`. */
  readonly message: string;
  /** Null: there was nothing to do. */
  readonly run: Run | null;
}

/**
 * Looks at everything that a schedule or a hook is to run, and returns what writes the run in a transaction of the caller's.
 * @param by what started it, as the arguments of a run of scripts show it: `schedule:nightly`
 * @throws what planning and starting a run throw
 */
export async function prepareTriggered(
  project: Project,
  run: TriggeredRun,
  actor: Actor,
  by: string,
): Promise<(tx: Tx) => Promise<Triggered>> {
  if (run.pipeline === 'scripts') return prepareTriggeredScripts(project, run.settings, actor, by);
  const planned = await planProject(project, {
    detection: run.detection,
    base_ref: run.base,
    circuits: run.circuits,
    if_changed: run.if_changed,
    include_failed: run.include_failed,
    allow_wide: run.allow_wide,
  });
  const { plan } = planned;
  // What failed before is offered at a run's retry gate: that is something to do, too.
  if (plan.pinned.size === 0)
    return async () => ({ outcome: 'nothing', message: 'nothing to train', run: null });
  const write = await prepareRun(project, planned, { actor, approve: run.approve, pr: false });
  return async (tx) => {
    const started = await write(tx);
    const offered = plan.pinned.size - plan.summary.train;
    const message = `run ${started.number} for ${plan.summary.train} of ${plan.circuits.length} circuits${offered === 0 ? '' : `; ${offered} that failed before ${offered === 1 ? 'is' : 'are'} offered again`}`;
    return { outcome: 'started', message, run: started };
  };
}

async function prepareTriggeredScripts(
  project: Project,
  wanted: ScriptSettings,
  actor: Actor,
  by: string,
): Promise<(tx: Tx) => Promise<Triggered>> {
  const { root, config } = project;
  const settings = { ...config.scripts, ...wanted };
  const { jobs: chosen } = await chooseScripts(root, settings);
  const prepared = await prepareServedScripts(project, { chosen, settings, actor, arguments: [by] });
  if (prepared === null) {
    if (settings.strict_discovery === true)
      throw new NotFoundError(`Discovery found no training script in ${root}.`, {
        hint: 'Scripts are called train_*.py; name others with include_pattern.',
      });
    return async () => ({ outcome: 'nothing', message: 'no training scripts found', run: null });
  }
  return async (tx) => {
    const run = await prepared.write(tx);
    const message = `run ${run.number} for ${counted(prepared.jobs.length, 'script')}`;
    return { outcome: 'started', message, run };
  };
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** In one line, with the first thing to put right. */
export function whyOf(error: unknown): string {
  if (!(error instanceof TrainyardError)) return messageOf(error);
  const [first] = error.problems;
  const place =
    first === undefined
      ? []
      : [`${first.file}${first.line === null ? '' : `:${first.line}`}: ${first.message}`];
  const hint = error.hint ?? first?.hint ?? null;
  return [messageOf(error), ...place, ...(hint === null ? [] : [hint])]
    .map((part) => part.replace(/([^.?!])$/, '$1.'))
    .join(' ');
}
