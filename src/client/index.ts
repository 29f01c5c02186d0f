/** A client of the HTTP API, for programs and pages: `import { createClient } from 'trainyard/client'`. */
export { API } from './api.ts';
export type { ApiEvent, ApiRun, Good, Page, Routes } from './api.ts';
export { ApiError } from './api-error.ts';
export type { ApiFinding, ApiProblem } from './api-error.ts';
export { createClient } from './client.ts';
export type { Client, ClientOptions } from './client.ts';
export type { EventsQuery, LiveMessage, RunProgress } from './live.ts';
export type { LogPiece, LogQuery } from './job-log.ts';
export { items, ok, pages } from './pages.ts';
