import { useEffect, useState } from 'react';
import { API, ApiError, send } from '../api/client.ts';
import { LogText } from './log-text.ts';

/** What is known of a log so far. */
export interface LogState {
  readonly log: LogText;
  /** Changes with every piece. */
  readonly version: number;
  readonly stands: 'loading' | 'open' | 'over';
  /** The log is longer than is kept here; so many bytes of its start are left out. */
  readonly left_out: number;
  readonly error: unknown;
}

const PIECE = 1 << 18;
/** More than this is no reading matter in a page: the end of it is shown. */
const MOST = 24 * 1024 * 1024;

/** The log of an attempt: what there is, piece by piece, and then what comes, over a stream, as it comes. */
export function useLog(job: string, attempt: number, again: number): LogState {
  const [state, setState] = useState<LogState>(NOTHING);
  useEffect(() => {
    const stop = new AbortController();
    const log = new LogText();
    setState({ ...NOTHING, log });
    const path = `${API}/jobs/${encodeURIComponent(job)}/logs`;
    let stream: EventSource | undefined;
    const show = (more: Partial<LogState>): void => {
      if (!stop.signal.aborted) setState((before) => ({ ...before, ...more, version: log.version }));
    };
    const piece = async (offset: number, limit: number) => {
      const response = await send(`${path}?attempt=${attempt}&offset=${offset}&limit=${limit}`, {
        signal: stop.signal,
      });
      return {
        text: await response.text(),
        next: Number(response.headers.get('x-next-offset') ?? offset),
        over: response.headers.get('x-log-over') === 'true',
      };
    };
    const read = async (): Promise<void> => {
      const end = (await piece(-4, 4)).next;
      let offset = Math.max(0, end - MOST);
      show({ left_out: offset });
      for (;;) {
        const { text, next, over } = await piece(offset, PIECE);
        log.append(text);
        const caughtUp = text === '' || next === offset;
        offset = next;
        if (over) return show({ stands: 'over' });
        show(caughtUp ? { stands: 'open' } : {});
        if (caughtUp) break;
      }
      stream = new EventSource(`${path}/stream?attempt=${attempt}&offset=${offset}`);
      stream.addEventListener('log', (message: MessageEvent<string>) => {
        log.append((JSON.parse(message.data) as { readonly text: string }).text);
        show({});
      });
      stream.addEventListener('end', () => {
        stream?.close();
        show({ stands: 'over' });
      });
      stream.addEventListener('problem', (message: MessageEvent<string>) => {
        stream?.close();
        show({ error: noLonger(JSON.parse(message.data) as Told) });
      });
    };
    read().catch((error: unknown) => show({ error }));
    return () => {
      stop.abort();
      stream?.close();
    };
  }, [job, attempt, again]);
  return state;
}

type Told = Pick<ApiError, 'code' | 'hint'> & { readonly detail: string };

/** What the stream said of a log that was removed meanwhile, or whose provider went away. */
const noLonger = (told: Told): ApiError =>
  new ApiError({
    title: 'The log cannot be read any more',
    status: 500,
    problems: [],
    request_id: null,
    ...told,
  });

const NOTHING: LogState = { log: new LogText(), version: 0, stands: 'loading', left_out: 0, error: null };
