/**
 * Many readers of one event stream, in a process of their own: `fork(…, [port, how many])`. Says `open` once every one of them
 * is connected, and what each was told once all were told `expected`.
 */
import { connect } from 'node:net';

/** An event that happened: from then on anybody could see it. */
export interface Happened {
  readonly seq: number;
  readonly at_ms: number;
}

/** What the readers of a stream found. */
export interface StreamsRead {
  /** From when an event could be seen to its arrival, of every event at every reader. */
  readonly waited_ms: readonly number[];
  /** Readers that were told other events than those that happened, or in another order. */
  readonly wrong: number;
}

interface Reader {
  open: boolean;
  readonly got: Happened[];
  text: string;
}

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const readers: Reader[] = [];
let expected: readonly Happened[] | null = null;
let said = false;

for (let i = 0; i < count; i++) {
  const reader: Reader = { open: false, got: [], text: '' };
  readers.push(reader);
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(
    `GET /api/v1/events/stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n\r\n`,
  );
  socket.on('data', (piece: string) => take(reader, piece));
  socket.on('error', () => undefined);
}

process.on('message', (message: readonly Happened[]) => {
  expected = message;
  tellWhenDone();
});
process.on('disconnect', () => process.exit());

function take(reader: Reader, piece: string): void {
  const now = performance.timeOrigin + performance.now();
  reader.text += piece;
  if (!reader.open && reader.text.includes('retry: ')) {
    reader.open = true;
    if (readers.length === count && readers.every((each) => each.open)) process.send?.('open');
  }
  const end = reader.text.lastIndexOf('\n\n');
  if (end < 0) return;
  for (const [, seq] of reader.text.slice(0, end).matchAll(/^id: (\d+)\nevent: event\n/gm))
    reader.got.push({ seq: Number(seq), at_ms: now });
  reader.text = reader.text.slice(end + 2);
  tellWhenDone();
}

function tellWhenDone(): void {
  if (said || expected === null) return;
  const happened = expected;
  if (!readers.every(({ got }) => got.length >= happened.length)) return;
  said = true;
  const wanted = happened.map(({ seq }) => seq).join();
  const wrong = readers.filter(({ got }) => got.map(({ seq }) => seq).join() !== wanted).length;
  const waited_ms = readers.flatMap(({ got }) =>
    got.map(({ at_ms }, i) => Math.max(0, at_ms - (happened[i]?.at_ms ?? at_ms))),
  );
  process.send?.({ waited_ms, wrong } satisfies StreamsRead);
}
