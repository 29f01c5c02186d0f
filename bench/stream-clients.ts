/**
 * Many readers of one event stream, in a process of their own: `fork(…, [port, how many])`. Says `open` once every one of them
 * is connected, and what each was told once all were told `expected`.
 */
import { connect } from 'node:net';

/** What the readers of a stream found. */
export interface StreamsRead {
  /** From the time in an event to its arrival, of every event at every reader. */
  readonly waited_ms: readonly number[];
  /** Readers that were told other events than those that happened, or in another order. */
  readonly wrong: number;
}

interface Reader {
  open: boolean;
  readonly seqs: number[];
  text: string;
}

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const waited_ms: number[] = [];
const readers: Reader[] = [];
let expected: readonly number[] | null = null;
let said = false;

for (let i = 0; i < count; i++) {
  const reader: Reader = { open: false, seqs: [], text: '' };
  readers.push(reader);
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(
    `GET /api/v1/events/stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n\r\n`,
  );
  socket.on('data', (piece: string) => take(reader, piece));
  socket.on('error', () => undefined);
}

process.on('message', (message: readonly number[]) => {
  expected = message;
  tellWhenDone();
});
process.on('disconnect', () => process.exit());

function take(reader: Reader, piece: string): void {
  const now = Date.now();
  reader.text += piece;
  if (!reader.open && reader.text.includes('retry: ')) {
    reader.open = true;
    if (readers.length === count && readers.every((each) => each.open)) process.send?.('open');
  }
  const end = reader.text.lastIndexOf('\n\n');
  if (end < 0) return;
  for (const [, seq, at] of reader.text
    .slice(0, end)
    .matchAll(/^id: (\d+)\nevent: event\ndata: \{"seq":\d+,"at":"([^"]+)"/gm)) {
    reader.seqs.push(Number(seq));
    waited_ms.push(now - Date.parse(at ?? ''));
  }
  reader.text = reader.text.slice(end + 2);
  tellWhenDone();
}

function tellWhenDone(): void {
  if (said || expected === null) return;
  const { length } = expected;
  if (!readers.every((each) => each.seqs.length >= length)) return;
  said = true;
  const wanted = expected.join();
  const wrong = readers.filter((each) => each.seqs.join() !== wanted).length;
  process.send?.({ waited_ms, wrong } satisfies StreamsRead);
}
