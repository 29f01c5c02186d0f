/** Who may come in from elsewhere: API tokens and sessions. Of both only a digest of the secret is kept. */
export const access = `
create table tokens (
  id text primary key not null, name text not null, hash text not null, roles text not null,
  created_by text not null, created_at text not null, expires_at text,
  last_used_at text, revoked_at text, revoked_by text
) strict;
create unique index tokens_hash on tokens (hash);
create unique index tokens_name on tokens (name) where revoked_at is null;

create table sessions (
  hash text primary key not null, name text not null, issuer text, person_groups text not null,
  token_id text references tokens (id) on delete cascade,
  created_at text not null, seen_at text not null, expires_at text not null
) strict;
create index sessions_expires on sessions (expires_at);
`;
