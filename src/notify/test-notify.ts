/** What tests of this room share: a store, a clock that moves when told, and events as the pipelines append them. */
import type { NotificationSettings } from '../config/index.ts';
import { appendEvents, memoryStore } from '../store/index.ts';
import type { Event, NewEvent, NotificationsTable, RunsTable, Store } from '../store/index.ts';
import { TestClock } from '../testing/test-clock.ts';
import { addRun } from '../testing/test-rows.ts';
import { createNotifier, notifyWorld } from './notifier.ts';
import type { Notifier, NotifierOptions } from './notifier.ts';
import type { NotifyWorld } from './world.ts';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export function settingsOf(more: Partial<NotificationSettings>): NotificationSettings {
  return {
    channels: {},
    routes: [],
    smtp: null,
    base_url: null,
    long_running_alert_every_s: 14_400,
    ...more,
  };
}

export interface Yard {
  readonly store: Store;
  readonly clock: TestClock;
  addRun(more?: Partial<RunsTable>): Promise<RunsTable>;
  /** Appends events, by type or whole; of run `run_1` unless told. */
  tell(...events: (string | (Partial<NewEvent> & { readonly type: string }))[]): Promise<void>;
  /** Another process with these settings. */
  notifier(settings: NotificationSettings, more?: Partial<NotifierOptions>): Notifier;
  world(settings: NotificationSettings, more?: Partial<NotifierOptions>): NotifyWorld;
  /** The outbox in order. */
  rows(): Promise<Omit<NotificationsTable, 'seq'>[]>;
  /** A process that tells and sends what is due, and ends. */
  send(settings: NotificationSettings, more?: Partial<NotifierOptions>): Promise<Notifier>;
}

export function yard(): Yard {
  const store = memoryStore();
  const clock = new TestClock('2026-03-01T08:00:00.000Z');
  const optionsOf = (settings: NotificationSettings, more: Partial<NotifierOptions>): NotifierOptions => ({
    store,
    settings,
    clock,
    env: {},
    project: 'kilns',
    random: () => 1,
    ...more,
  });
  const it: Yard = {
    store,
    clock,
    addRun: (more) => addRun(store, more),
    tell: (...events) =>
      store.tx((tx) =>
        appendEvents(
          tx,
          clock.now(),
          events.map((e): NewEvent => {
            const event = typeof e === 'string' ? { type: e } : e;
            return { run_id: 'run_1', message: `${event.type} happened`, ...event };
          }),
        ),
      ),
    notifier: (settings, more = {}) => createNotifier(optionsOf(settings, more)),
    world: (settings, more = {}) => notifyWorld(optionsOf(settings, more)),
    rows: () => store.db.selectFrom('notifications').selectAll().orderBy('seq').execute(),
    send: async (settings, more = {}) => {
      const notifier = createNotifier(optionsOf(settings, more));
      await notifier.begin();
      await notifier.flush(1000);
      return notifier;
    },
  };
  return it;
}

/** Gives everything that is under way outside of the clock its turns, until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock on, a little at a time, until the work is done; what is under way outside of it gets its turns. */
export async function whileTimePasses<T>(clock: TestClock, work: Promise<T>, step_ms = 100): Promise<T> {
  let done = false;
  const ended = (): void => {
    done = true;
  };
  work.then(ended, ended);
  while (!done) {
    for (let turn = 0; turn < 30 && !done; turn++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(step_ms);
  }
  return work;
}

let seq = 0;
/** An event as it is read from the log. */
export const eventOf = (type: string, more: Partial<Event> = {}): Event => ({
  seq: ++seq,
  at: '2026-03-01T08:00:00.000Z',
  type,
  severity: 'info',
  run_id: 'run_1',
  stage: null,
  circuit_id: null,
  actor: null,
  identity: null,
  message: `${type} happened`,
  data: {},
  ...more,
});

export const failureOf = (circuit: string, cause: string): Event =>
  eventOf('job.failed', {
    severity: 'error',
    stage: 'SubmitTraining',
    circuit_id: circuit,
    message: `${circuit}_2026_03_31 failed: ${cause}`,
    data: { job: `${circuit}_2026_03_31`, reason: 'exit_code', attempt: 1 },
  });
