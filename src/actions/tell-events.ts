import type { Project } from '../app.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { listEvents, newestSeq } from '../store/index.ts';
import type { ListedEvent } from '../store/index.ts';

const LOOK_MS = 500;
const PAGE = 500;
const PAUSE_MS = 10_000;

/** Puts what happens to the project into the log of this process, whoever did it, until the signal is aborted. */
export async function tellEvents(project: Project, log: Log, signal: AbortSignal): Promise<void> {
  const { store, clock } = project;
  let after: number | null = null;
  let mark = '';
  // Once more after the signal: what was written until then is told.
  for (let last = false; !last;) {
    last = signal.aborted;
    try {
      after ??= await newestSeq(store.db);
      const now_mark = store.readMark();
      if (now_mark !== mark) {
        const events = await listEvents(store.db, { after, order: 'asc', limit: PAGE });
        for (const event of events) tell(log, event);
        after = events.at(-1)?.seq ?? after;
        if (events.length < PAGE) mark = now_mark;
        else last = false;
      }
      await clock.sleep(LOOK_MS, signal);
    } catch (error) {
      log.warn({ error }, `The event log cannot be read: ${messageOf(error)}`);
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const;

function tell(log: Log, event: ListedEvent): void {
  const { type, seq, run, run_id, stage, circuit_id, actor, message, data } = event;
  const job = typeof data['job'] === 'string' ? data['job'] : null;
  const facts = { event: type, seq, run, run_id, stage, circuit_id, job, actor };
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
  log[levelOf(event.severity)](known, message);
}

const levelOf = (severity: string): (typeof LEVELS)[keyof typeof LEVELS] =>
  severity === 'error' || severity === 'warning' ? LEVELS[severity] : LEVELS.info;
