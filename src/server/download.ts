import { Readable } from 'node:stream';
import type { Context } from 'hono';

/** A file as a download: never shown inside the page, whatever it holds. */
export function download(
  c: Context,
  file: {
    readonly name: string;
    readonly type: string;
    /** Null: not known before it is made. */
    readonly size: number | null;
    readonly etag: string | null;
    readonly stream: Readable;
  },
): Response {
  c.header('content-type', file.type);
  c.header('content-disposition', disposition(file.name));
  c.header('cache-control', 'private, no-cache');
  if (file.size !== null) c.header('content-length', String(file.size));
  if (file.etag !== null) c.header('etag', file.etag);
  return c.body(Readable.toWeb(file.stream) as ReadableStream<Uint8Array>, 200);
}

/** A name for old readers of the header, and the whole name for all others. Source: RFC 6266, RFC 8187. */
export function disposition(name: string): string {
  // The last piece of a path, as nobody may name a folder.
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const plain = last.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || 'file';
  const whole = encodeURIComponent(last.toWellFormed()).replaceAll(
    /['()*]/g,
    (special) => `%${special.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}
