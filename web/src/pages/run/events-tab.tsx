import { EventList } from '../../events/index.ts';

/** What happened in the run, newest first. */
export const EventsTab = ({ run }: { readonly run: string }) => <EventList run={run} height={640} />;
