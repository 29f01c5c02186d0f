/** Runs because another system says so: what came in at each hook, and what became of it. */
export const hooks = `
create table hook_deliveries (
  id text primary key not null, hook text not null, delivery_key text not null, received_at text not null,
  event text, branch text, named_circuits integer, circuits text, outcome text not null, message text not null, decided_at text,
  run_id text, run_number integer
) strict;
create unique index hook_deliveries_key on hook_deliveries (hook, delivery_key);
create index hook_deliveries_list on hook_deliveries (hook, id);
create index hook_deliveries_outcome on hook_deliveries (outcome, hook, id);
create index hook_deliveries_run on hook_deliveries (run_id) where run_id is not null;
`;
