import type { Fence } from "./put-checkpoint.ts";
import type { Sql } from "./sql.ts";

export interface WriteRows {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
  /** No index twice. Negative ones (errors, interrupts, resumes) replace what is there; the others keep the first write. */
  readonly writes: readonly { readonly index: number; readonly channel: string; readonly type: string; readonly body: Uint8Array }[];
}

/** Writes what a task produced, in one statement; false when the fence refused (see `put-checkpoint.ts`) and nothing was written. */
export async function putWrites(sql: Sql, rows: WriteRows, fence: Fence | null): Promise<boolean> {
  let end = 1;
  const list = rows.writes.map(({ index, channel, type, body }) => {
    const write = { index, channel, type, at: end, size: body.length };
    end += body.length;
    return write;
  });
  const [outcome] = await sql<{ written: boolean }[]>`
    with fence as materialized (
      select 1 from runs where run_id = ${fence?.runId ?? null}::uuid and epoch = ${fence?.epoch ?? null}::bigint and status = 'running' for share
    ), allowed as materialized (
      select 1 where ${fence === null}::boolean or exists (select 1 from fence)
    ), payload as materialized (
      select ${Buffer.concat(rows.writes.map((write) => write.body))}::bytea as bytes
    ), put as (
      insert into checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
      select ${rows.threadId}, ${rows.namespace}, ${rows.checkpointId}, ${rows.taskId}, w."index", w.channel, w.type, substring(payload.bytes from w."at" for w.size)
      from allowed, payload, jsonb_to_recordset(${JSON.stringify(list)}::jsonb) as w("index" int, channel text, type text, "at" int, size int)
      on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
      do update set channel = excluded.channel, type = excluded.type, blob = excluded.blob where excluded.idx < 0
    )
    select exists (select 1 from allowed) as written
  `;
  return outcome?.written ?? false;
}
