/** The first schema. A released migration is never edited: the next change is the next file. */
export const first = `
create table meta (key text primary key not null, value text not null) strict;

create table runs (
  id text primary key not null, number integer not null, pipeline text not null, pipeline_version integer not null,
  status text not null, reason text, parent_run_id text references runs (id) on delete cascade, subject text,
  requested_by text not null, pr integer not null default 0, plan_id text, git_commit text, git_branch text,
  params text not null, created_at text not null, started_at text, ended_at text, cancel_requested_at text,
  partial_accepted_by text, due_at text, lease_token text, lease_owner text, lease_expires_at text,
  failed_advances integer not null default 0, last_error text
) strict;
create index runs_due on runs (due_at) where due_at is not null;
create index runs_parent on runs (parent_run_id, status);
create unique index runs_child on runs (parent_run_id, subject) where subject is not null;
create index runs_list on runs (pipeline, number);
create unique index runs_number on runs (number) where parent_run_id is null;

create table stages (
  run_id text not null references runs (id) on delete cascade, name text not null, position integer not null,
  status text not null, reason text, counts text not null default '{}', output text not null default '{}',
  state text not null default '{}', due_at text, started_at text, ended_at text, primary key (run_id, name)
) strict;

create table plan_circuits (
  run_id text not null references runs (id) on delete cascade, circuit_id text not null, action text not null,
  cause text not null, reason text not null, training_hash text not null, inputs_digest text not null,
  previous_hash text, changes text not null, settings text not null, data_asset text, primary key (run_id, circuit_id)
) strict;
create index plan_circuits_circuit on plan_circuits (circuit_id, run_id);

create table jobs (
  id text primary key not null, name text not null unique, base_name text not null,
  run_id text not null references runs (id) on delete cascade, stage text not null, circuit_id text not null,
  model_name text not null, provider text not null, optional integer not null default 0, retry integer not null default 0,
  retry_of text, status text not null, reason text, message text, attempt integer not null, max_attempts integer not null,
  timeout_s real, training_hash text not null, inputs_digest text not null, component text not null, environment text,
  data_version text, inputs text not null, created_at text not null, submitted_at text, running_at text, ended_at text,
  queued_s real, preparing_s real, running_s real, cpu_s real, peak_memory_mib real, exit_code integer, metrics text, url text, cancel_requested_at text
) strict;
create index jobs_run on jobs (run_id, stage, status, id);
create index jobs_circuit on jobs (circuit_id, created_at);
create unique index jobs_once on jobs (run_id, stage, circuit_id);

create table attempts (
  key text primary key not null, job_id text not null references jobs (id) on delete cascade, run_id text not null,
  number integer not null, status text not null, reason text, message text, submitted_at text, running_at text,
  ended_at text, queued_s real, preparing_s real, running_s real, cpu_s real, peak_memory_mib real, exit_code integer,
  unique (job_id, number)
) strict;
create index attempts_run on attempts (run_id, status);

create table assets (
  kind text not null, name text not null, version text not null, digest text not null, content text not null,
  run_id text, created_at text not null, shared_at text, primary key (kind, name, version)
) strict;

create table model_versions (
  registry text not null, model_name text not null, version integer not null, circuit_id text not null,
  pr integer not null default 0, digest text not null, files text not null, tags text not null, metrics text not null,
  settings text not null, job_id text not null, job_name text not null, run_id text not null, training_hash text not null,
  inputs_digest text not null, created_at text not null, withdrawn_at text, withdrawn_by text, withdrawn_reason text,
  primary key (registry, model_name, version)
) strict;
create unique index model_versions_job on model_versions (registry, job_id);
create index model_versions_circuit on model_versions
  (registry, circuit_id, created_at, pr, withdrawn_at, model_name, version, training_hash, inputs_digest);
create index model_versions_run on model_versions (run_id, registry);

create table acceptances (
  circuit_id text not null, model_name text not null, version integer not null, training_hash text not null,
  inputs_digest text not null, reason text not null, accepted_by text not null, accepted_at text not null,
  primary key (circuit_id, accepted_at)
) strict;

create table approvals (
  id text primary key not null, run_id text not null references runs (id) on delete cascade, stage text not null,
  gate text not null, status text not null, subject_digest text not null, title text not null, requested_by text not null,
  required integer not null, approvers text not null, requester_may_approve integer not null, on_expiry text not null,
  created_at text not null, expires_at text not null, closed_at text
) strict;
create unique index approvals_once on approvals (run_id, stage, subject_digest);
create index approvals_status on approvals (status, created_at);

create table approval_subjects (
  approval_id text not null references approvals (id) on delete cascade, subject text not null, circuit_id text,
  verdict text not null, detail text not null, primary key (approval_id, subject)
) strict;

create table approval_votes (
  approval_id text not null references approvals (id) on delete cascade, voter text not null, identity text not null,
  verdict text not null, comment text, subjects text, voted_at text not null
) strict;
create index approval_votes_approval on approval_votes (approval_id);

create table events (
  seq integer primary key autoincrement, at text not null, type text not null, severity text not null,
  run_id text, stage text, circuit_id text, message text not null, data text not null
) strict;
create index events_run on events (run_id, seq);

create table artifacts (
  run_id text not null references runs (id) on delete cascade, name text not null, path text not null,
  size integer not null, sha256 text not null, created_at text not null, primary key (run_id, name)
) strict;

create table workers (
  id text primary key not null, kind text not null, pid integer not null, pid_start text not null, host text not null,
  started_at text not null, heartbeat_at text not null
) strict;
`;
