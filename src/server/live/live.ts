import type { Project } from '../../app.ts';
import { nextTurn } from '../../kernel/clock.ts';
import { TrainyardError } from '../../kernel/errors.ts';
import { listEvents, newestSeq } from '../../store/index.ts';
import type { ListedEvent } from '../../store/index.ts';
import { eventView } from '../../views/index.ts';
import { Connection } from './connection.ts';
import { HEARTBEAT, bytesOf, frame, placeFrame } from './frames.ts';
import { progressWatch } from './progress.ts';
import type { ProgressRun } from './progress.ts';
import { quietChanges } from './quiet-changes.ts';

/** How often the store is asked whether anything was written; that costs microseconds. */
const LOOK_MS = 50;
/** Progress is told once a second at most. */
const PROGRESS_LOOKS = 20;
const HEARTBEAT_LOOKS = 300;
const PAGE = 500;
/** Whoever is further behind reads lists anew instead. */
const MOST_BEHIND = 5000;
/** How many may listen. */
const MOST_CONNECTIONS = 5000;

export interface LiveStats {
  readonly connections: number;
  /** Clients that were too slow, since the start. */
  readonly cut_off: number;
  /** Seconds from when the newest event was written to when it was handed out; null: none was yet. */
  readonly lag_s: number | null;
}

/** What happens, to everybody who listens. */
export interface Live {
  /**
   * A stream of what happens from now on, or from after the event `after`. `run_id`: only what concerns this run.
   * @throws TrainyardError when too many listen already, or the server ends
   */
  open(wanted: {
    readonly run_id: string | null;
    readonly after: number | null;
    readonly stillMay?: () => Promise<boolean>;
    /** Called once the stream is over, whoever ended it. */
    readonly onClose?: () => void;
  }): Promise<Connection['stream']>;
  /** Tells everybody that something changed that writes no event. */
  changed(what: string): void;
  stats(): LiveStats;
  /** Ends every stream; clients come again when somebody serves. */
  end(): void;
}

/**
 * One reader of the event log for all connections. What it reads is written out once and handed to everybody; while
 * nobody listens, or nothing is written, nothing is read.
 */
export function createLive(
  { store, clock }: Pick<Project, 'store' | 'clock'>,
  onTrouble: (error: unknown) => void = () => undefined,
): Live {
  /** Those that have caught up, and those that still do. */
  const joined = new Set<Connection>();
  const all = new Set<Connection>();
  const stop = new AbortController();
  const progress = progressWatch(store.db, clock);
  const quiet = quietChanges(store.db);
  const what = new Set<string>();
  let head: number | null = null;
  let running: Promise<void> | null = null;
  let cut_off = 0;
  let ended = false;
  let opened = 0;
  let lag_s: number | null = null;
  let mark = '';

  const forget = (connection: Connection): void => {
    joined.delete(connection);
    all.delete(connection);
  };

  /** To everybody, or to those who listen to one run; written out once for each run that is asked for. */
  const tell = (textFor: (run_id: string | null) => string): void => {
    const written = new Map<string | null, Uint8Array | null>();
    for (const connection of joined) {
      let bytes = written.get(connection.run_id);
      if (bytes === undefined) {
        const text = textFor(connection.run_id);
        bytes = text === '' ? null : bytesOf(text);
        written.set(connection.run_id, bytes);
      }
      if (bytes !== null && !connection.send(bytes)) cut_off++;
    }
  };

  const readEvents = async (): Promise<void> => {
    for (;;) {
      const events = await listEvents(store.db, { after: head ?? 0, order: 'asc', limit: PAGE });
      const last = events.at(-1);
      if (last === undefined) return;
      head = last.seq;
      const frames = events.map((event) => ({ run_id: event.run_id, text: eventFrame(event) }));
      tell((run_id) =>
        frames
          .filter((f) => run_id === null || f.run_id === run_id)
          .map((f) => f.text)
          .join(''),
      );
      lag_s = Math.max(0, clock.now() - Date.parse(last.at)) / 1000;
      if (events.length < PAGE) return;
      // Those who listen take what they have before there is more.
      await nextTurn();
    }
  };

  const tellProgress = async (): Promise<void> => {
    const moved = await progress.look();
    if (moved.length > 0) tell((run_id) => progressFrame(moved, run_id));
    for (const topic of await quiet.look()) what.add(topic);
  };

  const tellChanged = (): void => {
    if (what.size === 0) return;
    const text = frame('changed', { what: [...what].toSorted() });
    what.clear();
    tell(() => text);
  };

  const run = async (): Promise<void> => {
    let looks = 0;
    let stale = true;
    let told_at = -PROGRESS_LOOKS;
    for (; all.size > 0 && !ended; looks++) {
      try {
        const now_mark = store.readMark();
        if (now_mark !== mark) {
          mark = now_mark;
          stale = true;
          await readEvents();
        }
        if (stale && looks - told_at >= PROGRESS_LOOKS && progress.rested()) {
          stale = false;
          told_at = looks;
          await tellProgress();
        }
        tellChanged();
        if (looks % HEARTBEAT_LOOKS === HEARTBEAT_LOOKS - 1) {
          tell(() => HEARTBEAT);
          void endRevoked().catch(onTrouble);
        }
      } catch (error) {
        // A store that is busy or full: those who listen stay, and it is looked at again.
        mark = '';
        onTrouble(error);
      }
      await clock.sleep(LOOK_MS, stop.signal);
    }
    running = null;
    mark = '';
    progress.forget();
  };

  /** A token that was revoked, or a session that is over, hears no more. */
  const endRevoked = async (): Promise<void> => {
    for (const connection of all) if (!(await connection.stillMay())) connection.end();
  };

  /** What it missed, then it joins the others; nothing is lost or told twice between the two. */
  const catchUp = async (connection: Connection, after: number | null, from: number): Promise<void> => {
    let place = after ?? from;
    const retry_ms = 1000 + (opened++ % 20) * 100;
    // It may have seen what is not read here yet, from another process.
    const newest = place > from ? await newestSeq(store.db) : from;
    if (place > newest || newest - place > MOST_BEHIND) {
      place = newest;
      connection.send(bytesOf(frame('reset', { seq: newest }, newest)));
    }
    connection.send(bytesOf(placeFrame(place, retry_ms)));
    while (connection.open && place > (head ?? from)) await clock.sleep(LOOK_MS, stop.signal);
    while (connection.open && place < (head ?? from)) {
      const upTo = head ?? from;
      const missed = await listEvents(store.db, {
        after: place,
        before: upTo + 1,
        run_id: connection.run_id ?? undefined,
        order: 'asc',
        limit: PAGE,
      });
      const last = missed.at(-1);
      place = missed.length < PAGE || last === undefined ? upTo : last.seq;
      if (missed.length > 0) connection.send(bytesOf(missed.map(eventFrame).join('')));
      await connection.room();
    }
    if (!connection.open) return;
    const known = progressFrame(progress.known(), connection.run_id);
    if (known !== '') connection.send(bytesOf(known));
    joined.add(connection);
  };

  return {
    open: async ({ run_id, after, stillMay = async () => true, onClose }) => {
      if (ended || all.size >= MOST_CONNECTIONS)
        throw new TrainyardError(
          'interrupted',
          ended ? 'The server is about to end.' : `${all.size} streams are open, and more are not served.`,
          { hint: 'Try again in a moment.' },
        );
      const connection = new Connection({ run_id, stillMay }, (closed) => {
        forget(closed);
        onClose?.();
      });
      all.add(connection);
      try {
        const from = running === null || head === null ? await newestSeq(store.db) : head;
        // Somebody else may have begun meanwhile; then what it has read since is caught up with. Whoever may not listen any
        // more may have been ended by now, and for nobody nothing is begun: it would never be begun again.
        if (running === null && connection.open) {
          head = from;
          running = run();
        }
        void catchUp(connection, after, from).catch((error: unknown) => {
          onTrouble(error);
          connection.end();
        });
      } catch (error) {
        connection.end();
        throw error;
      }
      return connection.stream;
    },
    changed: (topic) => void what.add(topic),
    stats: () => ({ connections: all.size, cut_off, lag_s }),
    end: () => {
      ended = true;
      stop.abort();
      for (const connection of all) connection.end();
    },
  };
}

const eventFrame = (event: ListedEvent): string => frame('event', eventView(event), event.seq);

function progressFrame(runs: readonly ProgressRun[], run_id: string | null): string {
  const about = run_id === null ? runs : runs.filter((run) => run.id === run_id);
  return about.length === 0 ? '' : frame('progress', { runs: about.map(({ id: _id, ...shown }) => shown) });
}
