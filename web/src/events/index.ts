/** Lists of what happened. */
export { EventList } from './event-list.tsx';
export { EventDialog } from './event-dialog.tsx';
