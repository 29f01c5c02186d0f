import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

const opened: TestWorld[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
});

async function app(settings = '') {
  const w = await testWorld({ environment: null, settings });
  opened.push(w);
  return createApp({ project: w.project });
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** As a browser shows it. */
const shown = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&quot;');

describe('/api/docs', () => {
  it('shows every call and every schema of the document, and every link in it leads somewhere', async () => {
    const api = await app();
    const document = (await (await api.request('/api/openapi.json')).json()) as OpenApi;
    const page = await (await api.request('/api/docs')).text();
    const text = page.replaceAll('<wbr />', '').replaceAll('<wbr>', '');
    for (const [path, calls] of Object.entries(document.paths))
      for (const [method, { summary }] of Object.entries(calls)) {
        expect(text).toContain(`${method.toUpperCase()}</span>`);
        expect(text).toContain(`<code class="path">${path}</code>`);
        expect(text.replaceAll(/<\/?code>/g, '')).toContain(shown(summary.replaceAll('`', '')));
      }
    for (const name of Object.keys(document.components.schemas))
      expect(text).toContain(`id="schema-${name}"`);
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const dead = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id));
    expect(dead).toEqual([]);
    expect(ids.size).toBe([...page.matchAll(/ id="/g)].length);
  });

  it('has nothing inside that the policy for content forbids, and needs no other site', async () => {
    const page = await (await (await app()).request('/api/docs')).text();
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
    expect([...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, to]) => to?.[0])).not.toContain('h');
  });

  it('is read without sign-in, with examples that show a token where one is needed', async () => {
    const guarded = await app('server: {require_sign_in: true, public_url: "https://trains.example"}\n');
    const page = await (await guarded.request('/api/docs', { headers: { host: 'evil.example' } })).text();
    expect(page).toContain('Authorization: Bearer $TRAINYARD_TOKEN');
    expect(page).toContain('https://trains.example/api/v1/me');
    expect(page).not.toContain('evil.example');
    expect(await (await (await app()).request('/api/docs')).text()).not.toContain('$TRAINYARD_TOKEN');
  });

  it('comes packed to whoever takes that, and not again to whoever has it', async () => {
    const api = await app();
    const plain = await api.request('/api/docs');
    const packed = await api.request('/api/docs', { headers: { 'accept-encoding': 'br, gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(await plain.text());
    const refused = await api.request('/api/docs', { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers.get('content-encoding')).toBeNull();
    const etag = plain.headers.get('etag') ?? '';
    expect((await api.request('/api/docs', { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await api.request('/api/docs.css')).headers.get('content-type')).toContain('text/css');
  });

  it('gives bodies in examples that the server itself takes', async () => {
    const api = await app();
    const page = await (await api.request('/api/docs')).text();
    const bodies = [
      ...page.matchAll(
        /curl -X POST[^<]*?-d &#39;(.*?)&#39;[^<]*?&#39;http:\/\/[^/]+(\/api\/v1\/[^&]+)&#39;/gs,
      ),
    ];
    expect(bodies.length).toBeGreaterThan(8);
    for (const [, body = '', path = ''] of bodies) {
      const answer = await api.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body.replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
      });
      const { code, detail = '' } = (await answer.json()) as { code?: string; detail?: string };
      // What it names is not there; what it says makes sense.
      expect(`${path} ${code === 'usage' ? detail : ''}`).not.toMatch(/ (json|param|query)\b/);
    }
  });
});
