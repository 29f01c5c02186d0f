import { ApiError, brokenOff } from './api-error.ts';
import type { Send } from './send.ts';
import { wait } from './wait.ts';

/** One message of an event stream. Source: HTML Standard, "Server-sent events". */
export interface Frame {
  readonly event: string;
  readonly data: string;
}

/** What comes of a stream that is kept open. */
export type Line =
  | { readonly kind: 'open' }
  | { readonly kind: 'lost'; readonly error: ApiError }
  | { readonly kind: 'frame'; readonly frame: Frame };

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** The server says that it lives every fifteen seconds; a line that says nothing for so long is dead. */
const SILENCE_MS = 45_000;

/**
 * Messages, from one connection after the other: when one ends, the next begins with the id of the last message that came.
 * It ends when the signal does, and with `once` when the server ends it.
 * @throws ApiError for what asking again does not change, such as a token that is not known
 */
export async function* eventStream(
  send: Send,
  url: string,
  options: { readonly last_id?: string | undefined; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Line, undefined> {
  const { signal } = options;
  let last_id = options.last_id;
  let pause_ms = FIRST_PAUSE_MS;
  let wanted_ms = FIRST_PAUSE_MS;
  const givenUp = (): boolean => signal?.aborted === true;
  while (!givenUp()) {
    let error: ApiError;
    const silence = new AbortController();
    const stop = (): void => silence.abort();
    signal?.addEventListener('abort', stop, { once: true });
    let alarm: ReturnType<typeof setAlarm> | null = null;
    try {
      const response = await send(url, {
        headers: {
          accept: 'text/event-stream',
          ...(last_id === undefined ? {} : { 'last-event-id': last_id }),
        },
        cache: 'no-store',
        signal: silence.signal,
      });
      yield { kind: 'open' };
      pause_ms = wanted_ms;
      alarm = setAlarm(SILENCE_MS, stop);
      for await (const block of blocksOf(response, alarm.again)) {
        const { id, event, data, retry } = fieldsOf(block);
        if (id !== null) last_id = id;
        if (retry !== null) pause_ms = wanted_ms = retry;
        if (data !== null) yield { kind: 'frame', frame: { event, data } };
      }
      error = brokenOff(url, null);
    } catch (thrown) {
      if (givenUp()) return undefined;
      if (thrown instanceof ApiError && !mayPass(thrown)) throw thrown;
      error = thrown instanceof ApiError ? thrown : brokenOff(url, thrown);
    } finally {
      alarm?.off();
      signal?.removeEventListener('abort', stop);
      // Whoever stops listening in the middle ends the connection too.
      silence.abort();
    }
    yield { kind: 'lost', error };
    await wait(pause_ms, signal);
    pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS);
  }
  return undefined;
}

/** Whether the next try may go better: nobody answered, or a server that is busy or about to end did. */
const mayPass = ({ status }: ApiError): boolean => status === 0 || status === 429 || status >= 500;

/** Calls when nothing came for so long. */
function setAlarm(ms: number, ring: () => void): { readonly again: () => void; readonly off: () => void } {
  let stop = new AbortController();
  const begin = (): void => {
    const mine = stop.signal;
    void wait(ms, mine).then(() => void (mine.aborted || ring()));
  };
  begin();
  return {
    again: () => {
      stop.abort();
      stop = new AbortController();
      begin();
    },
    off: () => stop.abort(),
  };
}

/** What stands between empty lines. */
async function* blocksOf(response: Response, heard: () => void): AsyncGenerator<string, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return undefined;
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      heard();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      yield* blocks;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function fieldsOf(block: string): {
  readonly id: string | null;
  readonly event: string;
  readonly data: string | null;
  readonly retry: number | null;
} {
  let id: string | null = null;
  let event = 'message';
  let retry: number | null = null;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === 'id') id = value;
    else if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }
  return { id, event, data: data.length === 0 ? null : data.join('\n'), retry };
}
