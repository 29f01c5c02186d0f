import type { LiveMessage } from '../../../src/client/index.ts';

/** What a window hears of the line, from the server or from the window that has it. */
export type Heard =
  | Exclude<LiveMessage, { readonly kind: 'open' } | { readonly kind: 'lost' }>
  /** `after`: it goes on from there. Missing: it began with what came then. */
  | { readonly kind: 'open'; readonly after?: number | undefined; readonly shared?: true }
  | { readonly kind: 'lost' }
  /** The server, or something before it, said no. */
  | { readonly kind: 'refused' };

interface Line {
  /** Follows the stream, from after an event on, until the signal ends it. */
  readonly follow: (
    after: () => number | undefined,
    tell: (heard: Heard) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly hear: (heard: Heard) => void;
  readonly signal: AbortSignal;
}

/**
 * One line to the server for all windows of a browser. A browser opens six connections to a server and no more: with a
 * stream each, the sixth window would wait for ever, and the others with it. The window that was looked at last has the
 * line, as a browser lets those in the background rest, and tells the others.
 */
export function shareLine({ follow, hear, signal }: Line): void {
  // Without a lock, which browsers lend to secure pages only, each window has a line of its own.
  if (!('locks' in navigator)) {
    void follow(() => undefined, hear, signal);
    return;
  }
  const others = new BroadcastChannel(NAME);
  let seq: number | undefined;
  let stands: Heard | null = null;
  let turn: AbortController | null = null;
  let leads = false;

  const note = (heard: Heard): void => {
    if (heard.kind === 'event') seq = heard.event.seq;
    if (heard.kind === 'reset') seq = heard.seq;
  };
  const tell = (heard: Heard): void => {
    note(heard);
    if (heard.kind === 'open' || heard.kind === 'lost' || heard.kind === 'refused') stands = heard;
    hear(heard);
    others.postMessage(heard);
  };
  others.addEventListener('message', ({ data }: MessageEvent<Heard | typeof HOW>) => {
    if (data === HOW) {
      // Nothing was missed: whoever asks is new, and the others have heard all of it.
      if (leads && stands !== null) others.postMessage({ ...stands, after: seq ?? 0 });
      return;
    }
    note(data);
    hear(data.kind === 'open' ? { ...data, shared: true } : data);
  });

  const takeTurns = async (at_once: boolean): Promise<void> => {
    const mine = new AbortController();
    turn?.abort();
    turn = mine;
    const either = AbortSignal.any([signal, mine.signal]);
    try {
      await navigator.locks.request(NAME, at_once ? { steal: true } : { signal: either }, async () => {
        leads = true;
        await follow(() => seq, tell, either);
      });
    } catch {
      // Another window is looked at and took it, or this one is left.
    }
    mine.abort();
    if (turn !== mine) return;
    leads = false;
    stands = null;
    if (!signal.aborted) void takeTurns(false);
  };
  const look = (): void => {
    if (document.visibilityState === 'visible' && !leads) void takeTurns(true);
  };
  void takeTurns(document.visibilityState === 'visible');
  others.postMessage(HOW);
  document.addEventListener('visibilitychange', look);
  signal.addEventListener('abort', () => {
    document.removeEventListener('visibilitychange', look);
    others.close();
  });
}

const NAME = 'trainyard-line';
/** Asks whoever has the line how it stands. */
const HOW = 'how';
