/**
 * What a fleet with years of runs asks for: the newest and the open job of a circuit, the versions of a run in order. Runs
 * without a parent are found by their number, not by the parent that they have not.
 */
export const longPasts = `
create index jobs_by_circuit on jobs (circuit_id, run_id, id, status);
drop index model_versions_run;
create index model_versions_run on model_versions (run_id, registry, model_name, version desc);
drop index runs_parent;
create index runs_parent on runs (parent_run_id, status) where parent_run_id is not null;
`;
