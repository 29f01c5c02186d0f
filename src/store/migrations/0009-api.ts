/**
 * What the API needs to answer quickly: open jobs of all runs, counts of verdicts. And the answers that it gave to requests
 * which may come twice.
 */
export const api = `
create index jobs_open on jobs (status, id) where ended_at is null;
create index approval_subjects_verdict on approval_subjects (approval_id, verdict);

create table answers (
  caller text not null, route text not null, key text not null, request_digest text not null, status integer not null,
  body text not null, created_at text not null, primary key (caller, route, key)
) strict;
create index answers_created on answers (created_at);
`;
