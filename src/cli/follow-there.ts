import { ok } from '../client/index.ts';
import type { ApiEvent, Client } from '../client/index.ts';
import { EXIT } from '../kernel/errors.ts';
import { runIsOver } from '../pipelines/index.ts';
import type { RunView } from '../views/index.ts';
import { exitCodeOf } from './following.ts';
import { lineTeller } from './on-server.ts';
import { plainTeller } from './render/progress.ts';
import { note } from './render/output.ts';
import { runScreen } from './render/run.ts';
import { runFactsThere } from './there.ts';
import { systemClock } from '../kernel/clock.ts';

/**
 * Tells what happens in a run on a server until it is over or waits for people, then how it stands. Whoever stops looking
 * stops nothing: the server goes on. Returns the exit code that following it here would have.
 */
export async function followThere(
  yard: Client,
  key: string,
  after?: number,
): Promise<{ readonly code: number; readonly run: RunView }> {
  const found = await watchThere(yard, key, after);
  if (!rests(found)) return { code: EXIT.interrupted, run: found };
  const facts = await runFactsThere(yard, key);
  note(runScreen(facts, systemClock.now()));
  return { code: codeOf(facts.run), run: facts.run };
}

/** The first half of that. A run that still goes on is one that somebody stopped looking at. */
export async function watchThere(yard: Client, key: string, after?: number): Promise<RunView> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const found = await watch(yard, key, stop.signal, after);
    if (!rests(found))
      note(`Detached. The server goes on with run ${found.number}: trainyard runs show ${found.number}`);
    return found;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    stop.abort();
  }
}

/** A run that waits at one gate may have failed elsewhere, and that is what its starter has to know. */
function codeOf(run: Pick<RunView, 'status' | 'stages'>): number {
  const broken = run.stages.some((stage) => stage.name === 'SubmitTraining' && stage.status === 'failed');
  return run.status === 'waiting' && broken ? EXIT.work_failed : exitCodeOf(run);
}

const rests = ({ status }: RunView): boolean => runIsOver(status) || status === 'waiting';

/** Prints events as they come; the run when nothing more comes without people, or when `signal` says so. */
async function watch(
  yard: Client,
  key: string,
  signal: AbortSignal,
  after: number | undefined,
): Promise<RunView> {
  const show = (): Promise<RunView> => ok(yard.api.runs[':run'].$get({ param: { run: key } }));
  const teller = plainTeller();
  const tellLine = lineTeller();
  let run = await show();
  for await (const message of yard.events({ run: run.id, after, signal })) {
    tellLine(message);
    if (message.kind === 'lost') continue;
    if (message.kind === 'event') teller.tell(message.event);
    if (!mayRest(message.kind === 'event' ? message.event : null)) continue;
    run = await show();
    if (rests(run)) break;
  }
  return run;
}

/** Whether a run may rest since: only what concerns a run or a stage ends one, or lets it wait. */
const mayRest = (event: ApiEvent | null): boolean =>
  event === null || /^(?:run|stage|approval)\./.test(event.type);
