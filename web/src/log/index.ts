/** What a job printed. */
export { LogView } from './log-view.tsx';
