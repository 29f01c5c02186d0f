import type { OpenAPIHono } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { packageFolder } from '../kernel/package-folder.ts';
import type { ApiEnv } from './api.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Compressed copies that the build has laid beside the files, best first. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** What the server answers itself: an unknown path below these is no page of the UI. */
const OURS = /^\/(?:api|auth|healthz|hooks|readyz|metrics)(?:\/|$)/i;

/** The web UI as it was built: its files, and its one page for every path that a browser may be sent to. */
export function webFiles(app: OpenAPIHono<ApiEnv>, folder = join(packageFolder(), 'web', 'dist')): void {
  app.get('*', async (c, next) => {
    const { path } = c.req;
    if (OURS.test(path)) return next();
    const name = fileName(path);
    const found = name === null ? null : await answer(c, folder, name);
    if (found !== null) return found;
    // A picture or script that is not there must not come as a page.
    if (!acceptsPage(c) || path.startsWith('/assets/')) return next();
    return (await answer(c, folder, 'index.html')) ?? c.html(notBuilt(), 404);
  });
}

/** The file that a path names, or null where it can name none: hidden files, folders above, copies for transfer. */
function fileName(path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  const parts = decoded.split('/').slice(1);
  const plain = parts.every((part) => /^[\w@~-][\w@~.-]*$/.test(part));
  return plain && extname(decoded) in TYPES ? join(...parts) : null;
}

async function answer(c: Context<ApiEnv>, folder: string, name: string): Promise<Response | null> {
  const whole = await read(join(folder, name));
  if (whole === null) return null;
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  // Names of assets carry their content's digest; everything else is asked about each time.
  const hashed = name.startsWith(`assets${'/'}`) || name.startsWith('assets\\');
  const headers = {
    'content-type': type,
    'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: whole.etag,
    vary: 'accept-encoding',
  };
  const seen = c.req.header('if-none-match');
  if (seen !== undefined && seen.split(',').some((tag) => tag.trim() === whole.etag))
    return c.body(null, 304, headers);
  const accepted = c.req.header('accept-encoding') ?? '';
  for (const { name: encoding, suffix } of ENCODINGS) {
    if (!takes(accepted, encoding)) continue;
    const packed = await read(join(folder, `${name}${suffix}`));
    // One that is older than its file is of another build.
    if (packed !== null && packed.mtime_ms >= whole.mtime_ms)
      return c.body(packed.bytes, 200, { ...headers, 'content-encoding': encoding });
  }
  return c.body(whole.bytes, 200, headers);
}

interface WebFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly mtime_ms: number;
  readonly size: number;
}

/** Files that were read, as long as they stay as they are: a page is some ten of them. */
const known = new Map<string, WebFile>();
const MOST_KNOWN = 200;

async function read(path: string): Promise<WebFile | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return null;
  const before = known.get(path);
  if (before?.mtime_ms === found.mtimeMs && before.size === found.size) return before;
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return null;
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const file = {
    bytes: new Uint8Array(bytes),
    etag: `W/"${digest}"`,
    mtime_ms: found.mtimeMs,
    size: found.size,
  };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(path, file);
  return file;
}

/** `gzip;q=0` says no. */
const takes = (accepted: string, encoding: string): boolean =>
  accepted.split(',').some((each) => {
    const [name, ...params] = each.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !params.some((param) => /^q=0(?:\.0*)?$/.test(param));
  });

const acceptsPage = (c: Context<ApiEnv>): boolean => (c.req.header('accept') ?? '').includes('text/html');

const notBuilt = () =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Trainyard</title>
      </head>
      <body>
        <h1>The web UI is not here</h1>
        <p>This Trainyard was started from a checkout in which the UI has not been built yet.</p>
        <p>
          Build it with <code>npm run build:web</code>, then load this page again. The API works without it:
          <a href="/api/docs">/api/docs</a>.
        </p>
      </body>
    </html>`;
