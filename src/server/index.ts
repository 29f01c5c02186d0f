/** The HTTP API, the event stream and the web UI. */
export { serveProject } from './process/serve-project.ts';
export { listen } from './listen.ts';
