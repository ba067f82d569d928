-- Written by hand: LangGraph's own Postgres checkpoint tables (versions 0 to 4 of its migrations), created only where they are
-- missing, so that a database of PostgresSaver is taken over as it is. Our two tables on top serve long lists.
create table if not exists checkpoint_migrations (
  v integer primary key
);
--> statement-breakpoint
create table if not exists checkpoints (
  thread_id text not null,
  checkpoint_ns text not null default '',
  checkpoint_id text not null,
  parent_checkpoint_id text,
  type text,
  checkpoint jsonb not null,
  metadata jsonb not null default '{}',
  primary key (thread_id, checkpoint_ns, checkpoint_id)
);
--> statement-breakpoint
create table if not exists checkpoint_blobs (
  thread_id text not null,
  checkpoint_ns text not null default '',
  channel text not null,
  version text not null,
  type text not null,
  blob bytea,
  primary key (thread_id, checkpoint_ns, channel, version)
);
--> statement-breakpoint
create table if not exists checkpoint_writes (
  thread_id text not null,
  checkpoint_ns text not null default '',
  checkpoint_id text not null,
  task_id text not null,
  idx integer not null,
  channel text not null,
  type text,
  blob bytea not null,
  primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
--> statement-breakpoint
alter table checkpoint_blobs alter column blob drop not null;
--> statement-breakpoint
insert into checkpoint_migrations (v) values (0), (1), (2), (3), (4) on conflict do nothing;
--> statement-breakpoint
-- Parts of list channels by content: a page of elements, or the hashes of four parts below (src/runtime/checkpointer-list.ts).
create table if not exists checkpoint_parts (
  thread_id text not null,
  hash bytea not null,
  body bytea not null,
  primary key (thread_id, hash)
);
--> statement-breakpoint
-- One row a thread, locked in share mode by every put; changed by whatever deletes parts (src/db/queries/put-checkpoint.ts).
create table if not exists checkpoint_gates (
  thread_id text primary key,
  generation bigint not null default (random() * 9007199254740991)::bigint
);
