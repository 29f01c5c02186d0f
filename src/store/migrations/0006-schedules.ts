/** Runs by the clock: how far each schedule was decided on, who paused it, and what became of each of its times. */
export const schedules = `
create table schedules (
  name text primary key not null, definition text not null, decided_until text not null, removed_at text,
  paused_at text, paused_by text, paused_reason text
) strict;

create table schedule_firings (
  schedule text not null, kind text not null, slot text not null, at text not null, outcome text not null,
  message text not null, requested_by text not null, run_id text, run_number integer,
  primary key (schedule, kind, slot)
) strict;
create index schedule_firings_at on schedule_firings (schedule, at);
create index schedule_firings_run on schedule_firings (run_id) where run_id is not null;
`;
