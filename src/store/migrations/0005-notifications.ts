/** What is to be told to whom: one row per channel with its place in the event log, one per message, one per message that is kept up to date. */
export const notifications = `
create table notification_channels (
  channel text primary key not null, seq integer not null, failures integer not null default 0, paused_until text,
  retry_after text, last_error text, delivered_at text, lease_token text, lease_owner text, lease_expires_at text, created_at text not null
) strict;

create table notifications (
  seq integer primary key autoincrement, id text not null unique, channel text not null, lane text not null,
  kind text not null, state text not null, title text not null, events integer not null, first_event integer not null,
  last_event integer not null, opens integer not null, payload text not null, attempts integer not null default 0,
  due_at text not null, queued_at text not null, created_at text not null, attempted_at text, ended_at text, last_error text
) strict;
create index notifications_open on notifications (channel, lane, seq, due_at) where state = 'pending';
create index notifications_unsent on notifications (seq) where state != 'delivered';
create index notifications_lane on notifications (channel, lane);

create table living_messages (
  channel text not null, run_id text not null, ref text not null, shown text not null, updated_at text not null,
  primary key (channel, run_id)
) strict;
`;
