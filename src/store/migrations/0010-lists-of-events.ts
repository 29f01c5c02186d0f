/** Lists of events and of what is on record, by what people filter them by; and the runs that are open, among many that are not. */
export const listsOfEvents = `
create index events_type on events (type, seq);
create index events_trouble on events (seq) where severity != 'info';
create index events_circuit on events (circuit_id, seq) where circuit_id is not null;
create index audit_type on audit (type, seq);
create index audit_actor on audit (actor, seq);
create index audit_circuit on audit (circuit_id, seq) where circuit_id is not null;
create index runs_open on runs (number) where ended_at is null and parent_run_id is null;
`;
