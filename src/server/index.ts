/** The HTTP API, the event stream and the web UI. */
export type { Api } from './app.ts';
export { serveProject } from './process/serve-project.ts';
export { listen } from './listen.ts';
