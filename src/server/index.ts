/** The HTTP API, the event stream and the web UI. */
export { listen } from './listen.ts';
