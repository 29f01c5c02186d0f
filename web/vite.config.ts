import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run web` finds a running `trainyard serve`. */
const server = process.env['TRAINYARD_SERVER'] ?? 'http://127.0.0.1:8787';
/** What the server answers itself; everything else is a page of the UI. */
const ANSWERED = ['/api', '/healthz', '/readyz', '/metrics'];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  server: {
    proxy: Object.fromEntries(
      ANSWERED.map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }]),
    ),
  },
  build: {
    // Browsers that know `light-dark()`: colours are written once for both themes.
    target: ['chrome123', 'safari17.5', 'firefox120'],
    // Nothing inline, so that the content security policy can forbid it: no polyfill, no data: URLs.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
  },
});
