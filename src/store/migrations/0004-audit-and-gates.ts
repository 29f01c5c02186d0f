/**
 * A chained record of every change; events that say who acted; requests that remind, show how things stand and bind
 * what they show; stages that can be canceled; failures with their cause; and at most one retry of any job.
 */
export const auditAndGates = `
alter table events add column actor text;
alter table events add column identity text;
create table audit (
  seq integer primary key not null, at text not null, actor text not null, identity text not null, type text not null,
  run_id text, stage text, circuit_id text, message text not null, data text not null,
  previous text not null, hash text not null
) strict;
create index audit_run on audit (run_id, seq);
alter table runs add column requested_identity text not null default 'claimed';
alter table stages add column cancel_requested_by text;
alter table approvals add column remind_every_s real;
alter table approvals add column reminded_at text;
alter table approvals add column context text not null default '{}';
alter table approval_votes add column counts integer not null default 1;
alter table approval_subjects add column binding text not null default '{}';
alter table jobs add column failure text;
drop index approvals_once;
create unique index approvals_once on approvals (run_id, stage, subject_digest) where status = 'waiting';
drop index jobs_once;
create unique index jobs_once on jobs (run_id, stage, circuit_id) where retry = 0;
create unique index jobs_retried on jobs (retry_of) where retry_of is not null;
`;
