import type { OpenAPIHono } from '@hono/zod-openapi';
import { gzipSync } from 'node:zlib';
import type { Context } from 'hono';
import { localUserMay } from '../access/access.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { etagOf } from '../conditional.ts';
import { docsPage } from './docs-page.ts';
import { Document } from './document.ts';
import { DOCS_STYLE } from './style.ts';

interface Made {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** `/api/docs`: the document as a page, made when somebody first asks for it. */
export function apiDocs(app: OpenAPIHono<ApiEnv>, context: ApiContext, document: () => unknown): void {
  let page: Promise<Made> | null = null;
  const style = made(DOCS_STYLE);
  const make = async (base: string): Promise<Made> => {
    const reach = { base, token: !localUserMay(context) };
    return made(String(await docsPage(Document.parse(document()), reach)));
  };
  app.get('/api/docs', async (c) => {
    page ??= make(baseOf(context, c));
    return send(c, await page, 'text/html; charset=utf-8');
  });
  app.get('/api/docs.css', (c) => send(c, style, 'text/css; charset=utf-8'));
}

/** Where examples say that the server is: as people reach it, never as a request calls it. */
function baseOf({ project, listening }: ApiContext, c: Context<ApiEnv>): string {
  const { public_url, port } = project.config.server;
  if (public_url !== null) return public_url;
  const at = c.env?.incoming?.socket.localPort ?? port;
  const host = listening?.host ?? '127.0.0.1';
  return `http://${host.includes(':') ? `[${host}]` : host}:${at}`;
}

function made(text: string): Made {
  return {
    bytes: new TextEncoder().encode(text),
    packed: new Uint8Array(gzipSync(text)),
    etag: etagOf(text),
  };
}

function send(c: Context<ApiEnv>, { bytes, packed, etag }: Made, type: string): Response {
  const headers = { 'content-type': type, 'cache-control': 'no-cache', etag, vary: 'accept-encoding' };
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/.test(c.req.header('accept-encoding') ?? '')
    ? c.body(packed, 200, { ...headers, 'content-encoding': 'gzip' })
    : c.body(bytes, 200, headers);
}
