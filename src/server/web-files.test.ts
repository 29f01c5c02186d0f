import { OpenAPIHono } from '@hono/zod-openapi';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiEnv } from './api.ts';
import { webFiles } from './web-files.ts';

let folder = '';
const PAGE = '<!doctype html><title>Trainyard</title>';
const SCRIPT = 'export const fleet = 1;'.repeat(20);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-web-'));
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.js'), 'no');
  const put = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, 'dist', name), text);
    await writeFile(join(folder, 'dist', `${name}.br`), brotliCompressSync(text));
    await writeFile(join(folder, 'dist', `${name}.gz`), gzipSync(text));
  };
  await put('index.html', PAGE);
  await put('assets/index-abc123.js', SCRIPT);
  await writeFile(join(folder, 'dist', '.hidden.js'), 'no');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const get = async (path: string, headers: Record<string, string> = {}, dist = 'dist'): Promise<Response> => {
  const app = new OpenAPIHono<ApiEnv>();
  webFiles(app, join(folder, dist));
  app.notFound((c) => c.text('nothing', 404));
  return app.request(path, { headers });
};
const BROWSER = { accept: 'text/html,application/xhtml+xml' };

describe('the files of the web UI', () => {
  it.each(['/', '/runs/12', '/jobs/kiln.1_2026', '/approvals?gate=x'])(
    'are one page for %s, which is asked about each time',
    async (path) => {
      const answer = await get(path, BROWSER);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(PAGE);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      const again = await get(path, { ...BROWSER, 'if-none-match': answer.headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
    },
  );

  it('are kept for good where their name changes with their content', async () => {
    const answer = await get('/assets/index-abc123.js');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await answer.text()).toBe(SCRIPT);
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['gzip;q=0', null],
    ['identity', null],
  ])('travel compressed as the build left them for %s', async (accepted, encoding) => {
    const answer = await get('/assets/index-abc123.js', { 'accept-encoding': accepted });
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toBe('accept-encoding');
    if (encoding === 'br')
      expect(brotliDecompressSync(Buffer.from(await answer.arrayBuffer())).toString()).toBe(SCRIPT);
  });

  it('are new once they were built anew', async () => {
    const before = await get('/', BROWSER);
    await writeFile(join(folder, 'dist', 'index.html'), `${PAGE}!`);
    const after = await get('/', { ...BROWSER, 'if-none-match': before.headers.get('etag') ?? '' });
    expect([after.status, await after.text()]).toEqual([200, `${PAGE}!`]);
  });

  it.each(['/api/v1/nothing', '/healthz', '/metrics', '/auth/x', '/assets/gone.js'])(
    'are not the answer to %s',
    async (path) => {
      expect(await (await get(path, BROWSER)).text()).toBe('nothing');
    },
  );

  it.each([
    '/../secret.js',
    '/%2e%2e/secret.js',
    '/..%2fsecret.js',
    '/assets/..%2f..%2fsecret.js',
    '/assets/%5c..%5c..%5csecret.js',
    '/.hidden.js',
    '/index.html.br',
    '/%00.js',
    '/%zz.js',
  ])('leave everything else where it is: %s', async (path) => {
    const answer = await get(path);
    expect([answer.status, await answer.text()]).toEqual([404, 'nothing']);
  });

  it('say how they are made where they are not there', async () => {
    const answer = await get('/runs', BROWSER, 'empty');
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('npm run build:web');
    expect(await (await get('/runs', {}, 'empty')).text()).toBe('nothing');
  });
});
