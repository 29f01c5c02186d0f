import { API } from './api.ts';
import { ApiError, brokenOff } from './api-error.ts';
import { eventStream } from './event-stream.ts';
import type { Send } from './send.ts';

/** A piece of what an attempt of a job printed. */
export interface LogPiece {
  readonly text: string;
  /** Where the next piece begins, in bytes. */
  readonly next_offset: number;
  /** Nothing more will come. */
  readonly over: boolean;
}

export interface LogQuery {
  /** Default: the last. */
  readonly attempt?: number | undefined;
  /** In bytes; a negative one counts from the present end. Default: 0. */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The largest piece that the server gives at once. */
const PIECE = 1 << 18;

/** One piece of a log. */
export async function readLog(
  send: Send,
  base: string,
  job: string,
  { attempt, offset = 0, signal, limit = PIECE }: LogQuery & { readonly limit?: number | undefined },
): Promise<LogPiece> {
  const query = new URLSearchParams({ offset: String(offset), limit: String(limit) });
  if (attempt !== undefined) query.set('attempt', String(attempt));
  const url = `${base}${API}/jobs/${encodeURIComponent(job)}/logs?${query.toString()}`;
  const response = await send(url, { signal: signal ?? null });
  const text = await response.text().catch((error: unknown) => {
    throw signal?.aborted === true ? error : brokenOff(url, error);
  });
  return {
    text,
    next_offset: Number(response.headers.get('x-next-offset') ?? offset),
    over: response.headers.get('x-log-over') === 'true',
  };
}

/** A log piece by piece: what there is, and with `follow` what comes, until the attempt is over. */
export async function* jobLog(
  send: Send,
  base: string,
  job: string,
  query: LogQuery & { readonly follow?: boolean },
): AsyncGenerator<LogPiece, undefined> {
  const { attempt, signal, follow = false } = query;
  let offset = query.offset ?? 0;
  for (;;) {
    const piece = await readLog(send, base, job, { attempt, offset, signal });
    const caught_up = piece.text === '' || piece.next_offset === offset;
    offset = piece.next_offset;
    if (piece.text !== '' || piece.over) yield piece;
    if (piece.over) return undefined;
    if (caught_up) break;
  }
  if (!follow) return undefined;
  const rest = new URLSearchParams({ offset: String(offset) });
  if (attempt !== undefined) rest.set('attempt', String(attempt));
  const url = `${base}${API}/jobs/${encodeURIComponent(job)}/logs/stream?${rest.toString()}`;
  for await (const line of eventStream(send, url, { signal })) {
    if (line.kind !== 'frame') continue;
    const { event, data } = line.frame;
    if (event === 'log') yield { ...(JSON.parse(data) as Omit<LogPiece, 'over'>), over: false };
    if (event === 'end') {
      const { next_offset } = JSON.parse(data) as { readonly next_offset: number };
      yield { text: '', next_offset, over: true };
      return undefined;
    }
    if (event === 'problem') throw problemIn(JSON.parse(data) as Told);
  }
  return undefined;
}

type Told = Pick<ApiError, 'code' | 'hint'> & { readonly detail: string };

const problemIn = ({ code, detail, hint }: Told): ApiError =>
  new ApiError({
    title: 'The log cannot be read any more',
    status: 200,
    code,
    detail,
    hint,
    problems: [],
    request_id: null,
  });
