import type postgres from "postgres";
import { closeGate } from "./delete-checkpoints.ts";
import type { Sql, Transaction } from "./sql.ts";

/**
 * Copies all checkpoints of a thread to another one, ids included; rows that the other one has already stay as they are. The other one's gate
 * is closed in a statement of its own: one that waits for a prune of it would take parts for stored that the prune deletes.
 */
export async function copyCheckpoints(sql: Transaction, from: string, to: string): Promise<void> {
  await closeGate(sql, to);
  await sql`
    with copy as (select 1), ${checkpointCopies(sql, { from, to, when: "copy" })}
    select 1`;
}

/**
 * Common tables that copy a thread's checkpoints with all that belongs to them, where the common table `when` has a row, to a thread that is
 * new or whose gate is closed. One statement sees one moment: a list and its parts come together, whatever is put and pruned meanwhile. The copy's gate moves, so that nobody relies on what
 * he knew of its parts.
 */
export function checkpointCopies(sql: Sql, copy: { from: string; to: string; when: string }): postgres.PendingQuery<postgres.Row[]> {
  const { from, to } = copy;
  const wanted = sql`exists (select 1 from ${sql(copy.when)})`;
  return sql`
    copied_gate as (
      insert into checkpoint_gates (thread_id) select ${to}::text where ${wanted}
      on conflict (thread_id) do update set generation = checkpoint_gates.generation + 1
    ), copied_parts as (
      insert into checkpoint_parts (thread_id, hash, body)
      select ${to}::text, hash, body from checkpoint_parts where thread_id = ${from}::text and ${wanted} on conflict do nothing
    ), copied_blobs as (
      insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
      select ${to}::text, checkpoint_ns, channel, version, type, blob from checkpoint_blobs where thread_id = ${from}::text and ${wanted} on conflict do nothing
    ), copied_writes as (
      insert into checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
      select ${to}::text, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob from checkpoint_writes
      where thread_id = ${from}::text and ${wanted} on conflict do nothing
    ), copied_checkpoints as (
      insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
      select ${to}::text, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint,
        case when metadata ? 'thread_id' then jsonb_set(metadata, '{thread_id}', to_jsonb(${to}::text)) else metadata end
      from checkpoints where thread_id = ${from}::text and ${wanted} on conflict do nothing
    )`;
}
