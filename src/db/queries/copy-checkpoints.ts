import type postgres from "postgres";

/** Copies all checkpoints of a thread to another one, ids included; rows that the other one has already stay as they are. */
export async function copyCheckpoints(sql: postgres.Sql, from: string, to: string): Promise<void> {
  await sql.begin("isolation level repeatable read", async (tx) => {
    await tx`insert into checkpoint_gates (thread_id) values (${to}) on conflict (thread_id) do update set generation = checkpoint_gates.generation + 1`;
    await tx`
      insert into checkpoint_parts (thread_id, hash, body)
      select ${to}, hash, body from checkpoint_parts where thread_id = ${from} on conflict do nothing`;
    await tx`
      insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
      select ${to}, checkpoint_ns, channel, version, type, blob from checkpoint_blobs where thread_id = ${from} on conflict do nothing`;
    await tx`
      insert into checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
      select ${to}, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob from checkpoint_writes where thread_id = ${from} on conflict do nothing`;
    await tx`
      insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
      select ${to}, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint,
        case when metadata ? 'thread_id' then jsonb_set(metadata, '{thread_id}', to_jsonb(${to}::text)) else metadata end
      from checkpoints where thread_id = ${from} on conflict do nothing`;
  });
}
