/**
 * What is cleaned up: versions without files, runs without logs, names of jobs whose runs are gone. `entered` counts
 * versions as they enter a registry, so that whoever removes files learns of those that came meanwhile.
 */
export const retention = `
alter table model_versions add column files_removed_at text;
alter table model_versions add column entered integer not null default 0;
create index model_versions_entered on model_versions (registry, entered);
drop index model_versions_circuit;
create index model_versions_circuit on model_versions
  (registry, circuit_id, created_at, pr, withdrawn_at, files_removed_at, model_name, version, training_hash, inputs_digest);

create table run_retention (
  run_id text primary key not null references runs (id) on delete cascade, logs_removed_at text, removing_at text
) strict;

create table used_job_names (name text primary key not null, base_name text not null) strict;
create index used_job_names_base on used_job_names (base_name);
`;
