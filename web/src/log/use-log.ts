import { useEffect, useState } from 'react';
import { client } from '../api/client.ts';
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

/** More than this is no reading matter in a page: the end of it is shown. */
const MOST = 24 * 1024 * 1024;

/** The log of an attempt: what there is, piece by piece, and then what comes, over a stream, as it comes. */
export function useLog(job: string, attempt: number, again: number): LogState {
  const [state, setState] = useState<LogState>(NOTHING);
  useEffect(() => {
    const stop = new AbortController();
    const log = new LogText();
    setState({ ...NOTHING, log });
    const { signal } = stop;
    const show = (more: Partial<LogState>): void => {
      if (!signal.aborted) setState((before) => ({ ...before, ...more, version: log.version }));
    };
    const read = async (): Promise<void> => {
      const { next_offset: end } = await client.readLog(job, { attempt, offset: -4, limit: 4, signal });
      const offset = Math.max(0, end - MOST);
      show({ left_out: offset, ...(end === 0 ? { stands: 'open' } : {}) });
      for await (const piece of client.log(job, { attempt, offset, follow: true, signal })) {
        log.append(piece.text);
        show(piece.over ? { stands: 'over' } : piece.next_offset >= end ? { stands: 'open' } : {});
      }
    };
    read().catch((error: unknown) => show({ error }));
    return () => {
      stop.abort();
    };
  }, [job, attempt, again]);
  return state;
}

const NOTHING: LogState = { log: new LogText(), version: 0, stands: 'loading', left_out: 0, error: null };
