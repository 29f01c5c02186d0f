import type { Project } from '../app.ts';
import { findJob } from '../jobs/index.ts';
import type { Job } from '../jobs/index.ts';
import { TrainyardError } from '../kernel/errors.ts';
import { readJobLog } from '../views/index.ts';
import type { LogPiece } from '../views/index.ts';

/** How much one frame holds at most. */
const PIECE_BYTES = 1 << 16;
/** The log is looked at this often while it grows, and ever more seldom while it does not. */
const SOON_MS = 200;
const SELDOM_MS = 2000;
/** A stream that says nothing for so long says that it lives; as often it is asked whether the caller may still see it. */
const HEARTBEAT_MS = 15_000;

/** What may end a stream before its log is over. */
export interface StreamEnd {
  /** Asked now and then. */
  readonly stillMay: () => Promise<boolean>;
  /** Aborted when the server ends: clients come again when somebody serves. */
  readonly ending?: AbortSignal | undefined;
  /** Called once the stream is over, whoever ended it. */
  readonly onClose?: () => void;
}

/**
 * A log as server-sent events, from an offset on until nothing more comes. Nothing is read before the client has taken what
 * came before, so that a slow one costs nothing, and a vanished one ends it.
 * @throws NotFoundError for an attempt that there is not
 */
export async function logStream(
  project: Project,
  job: Job,
  from: { readonly attempt: number; readonly offset: number },
  end: StreamEnd,
): Promise<ReadableStream<Uint8Array>> {
  const { attempt } = from;
  const read = (offset: number): Promise<LogPiece> =>
    readJobLog(project, job, { attempt, offset, limit: PIECE_BYTES });
  // What is wrong from the beginning is a plain answer.
  const first = await read(from.offset);
  const gone = new AbortController();
  const signal = end.ending === undefined ? gone.signal : AbortSignal.any([gone.signal, end.ending]);
  const frames = framesOf(project, job, { attempt, first, read, stillMay: end.stillMay, signal });
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { value, done } = await frames.next();
          if (done !== true) return controller.enqueue(encoder.encode(value));
          if (!gone.signal.aborted) controller.close();
        } catch (error) {
          controller.error(error);
        }
        end.onClose?.();
      },
      cancel: () => {
        gone.abort();
        end.onClose?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* framesOf(
  project: Project,
  job: Job,
  {
    attempt,
    first,
    read,
    stillMay,
    signal,
  }: {
    readonly attempt: number;
    readonly first: LogPiece;
    readonly read: (offset: number) => Promise<LogPiece>;
    readonly stillMay: () => Promise<boolean>;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<string, undefined> {
  const { clock, store } = project;
  const frame = (event: string, offset: number, data: Readonly<Record<string, unknown>>): string =>
    `event: ${event}\nid: ${attempt}-${offset}\ndata: ${JSON.stringify({ attempt, ...data })}\n\n`;
  let piece = first;
  let wait_ms = SOON_MS;
  let told_ms = clock.now();
  let asked_ms = told_ms;
  yield 'retry: 2000\n\n';
  while (!signal.aborted) {
    const { text, next_offset } = piece;
    if (text !== '') {
      wait_ms = SOON_MS;
      told_ms = clock.now();
      yield frame('log', next_offset, { text, next_offset });
    }
    if (piece.over) {
      const { status, attempt: last } = await findJob(store.db, job.id);
      yield frame('end', next_offset, { next_offset, status, last_attempt: last });
      return undefined;
    }
    if (text === '') {
      await clock.sleep(wait_ms, signal);
      wait_ms = Math.min(wait_ms * 1.5, SELDOM_MS);
    }
    if (clock.now() - asked_ms >= HEARTBEAT_MS) {
      asked_ms = clock.now();
      if (!(await stillMay())) return undefined;
    }
    if (clock.now() - told_ms >= HEARTBEAT_MS) {
      told_ms = clock.now();
      yield ': still there\n\n';
    }
    if (signal.aborted) return undefined;
    try {
      piece = await read(next_offset);
    } catch (error) {
      if (!(error instanceof TrainyardError) || error.code === 'unexpected') throw error;
      // Removed meanwhile, or the provider is away: whoever follows is told, and may come again.
      const { code, message, hint = null } = error;
      yield frame('problem', next_offset, { code, detail: message, hint });
      return undefined;
    }
  }
  return undefined;
}
