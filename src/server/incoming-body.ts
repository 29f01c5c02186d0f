import type { Clock } from '../kernel/clock.ts';

/** What all bodies together may take, and how many may be on their way: of everybody, and from one address. */
export interface BodyLimits {
  /** Bytes of one body. */
  readonly most: number;
  /** Bytes of all that are kept at a moment. */
  readonly most_together: number;
  readonly most_at_once: number;
  readonly most_of_one: number;
  /** From the headers to the last byte. */
  readonly limit_ms: number;
}

export type ReadBody =
  | { readonly kind: 'read'; readonly body: Uint8Array }
  | { readonly kind: 'too_large' | 'too_slow' | 'busy' };

/**
 * Reads bodies of senders that are not known before all of it is there. What they may take is counted as it comes, and not
 * as they say, so that whoever opens many and sends nothing takes nothing.
 */
export function bodyReader(clock: Clock, limits: BodyLimits) {
  const of = new Map<string, number>();
  let reading = 0;
  let kept = 0;

  const read = async (stream: ReadableStream<Uint8Array> | null): Promise<ReadBody> => {
    if (stream === null) return { kind: 'read', body: new Uint8Array() };
    const reader = stream.getReader();
    const chunks: Uint8Array[] = [];
    let size = 0;
    const over = new AbortController();
    const late = clock.sleep(limits.limit_ms, over.signal).then(() => 'late' as const);
    try {
      for (;;) {
        const next = await Promise.race([reader.read(), late]);
        if (next === 'late') return { kind: 'too_slow' };
        if (next.done) return { kind: 'read', body: Buffer.concat(chunks) };
        size += next.value.length;
        kept += next.value.length;
        if (size > limits.most) return { kind: 'too_large' };
        if (kept > limits.most_together) return { kind: 'busy' };
        chunks.push(next.value);
      }
    } finally {
      kept -= size;
      over.abort();
      // What is left of it is nobody's.
      void reader.cancel().catch(() => undefined);
    }
  };

  return {
    /** @param announced bytes as `content-length` says, where it does */
    read: async (
      address: string,
      announced: number | null,
      stream: ReadableStream<Uint8Array> | null,
    ): Promise<ReadBody> => {
      if (announced !== null && announced > limits.most) return { kind: 'too_large' };
      const own = of.get(address) ?? 0;
      if (reading >= limits.most_at_once || own >= limits.most_of_one) return { kind: 'busy' };
      reading++;
      of.set(address, own + 1);
      try {
        return await read(stream);
      } finally {
        reading--;
        const left = (of.get(address) ?? 1) - 1;
        if (left === 0) of.delete(address);
        else of.set(address, left);
      }
    },
  };
}
