import { Readable } from 'node:stream';
import { Zip, ZipDeflate } from 'fflate';

/** One file of an archive; it is opened when its turn comes. */
export interface ZipEntry {
  readonly name: string;
  /** Milliseconds. */
  readonly changed_ms: number;
  open(): AsyncIterable<Uint8Array>;
}

/** An archive that is made while it is read: at no time is more of it in memory than what is on its way. */
export function zipStream(entries: readonly ZipEntry[]): Readable {
  return Readable.from(pieces(entries), { objectMode: false });
}

async function* pieces(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array> {
  let made: Uint8Array[] = [];
  let failed: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error !== null) failed = error;
    else if (chunk.length > 0) made.push(chunk);
  });
  const take = (): Uint8Array[] => {
    if (failed !== null) throw failed;
    const taken = made;
    made = [];
    return taken;
  };
  for (const { name, changed_ms, open } of entries) {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = changed_ms;
    zip.add(file);
    for await (const chunk of open()) {
      file.push(chunk);
      yield* take();
    }
    file.push(new Uint8Array(0), true);
    yield* take();
  }
  zip.end();
  yield* take();
}
