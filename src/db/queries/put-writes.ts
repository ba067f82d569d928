import type { Fence } from "./fence.ts";
import { PackedBytes } from "./packed-bytes.ts";
import type { Sql } from "./sql.ts";

/** What one task produced. */
export interface WriteRows {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
  /** Negative indices (errors, interrupts, resumes) replace what is there; the others keep the first write. */
  readonly writes: readonly { readonly index: number; readonly channel: string; readonly type: string; readonly body: Uint8Array }[];
}

/**
 * The writes of tasks of one thread as a list for `jsonb_to_recordset`, each at most once, their bytes packed; `n` names the thread in the
 * statement. A statement must not touch a row twice, so what it would do to it is done here.
 */
export function listWrites(n: number, tasks: readonly WriteRows[], bytes: PackedBytes): object[] {
  const byRow = new Map<string, { row: object; body: Uint8Array }>();
  for (const { namespace: ns, checkpointId: id, taskId: task, writes } of tasks)
    for (const { index, channel, type, body } of writes) {
      const key = JSON.stringify([ns, id, task, index]);
      if (index < 0 || !byRow.has(key)) byRow.set(key, { row: { n, ns, id, task, index, channel, type }, body });
    }
  return [...byRow.values()].map(({ row, body }) => ({ ...row, ...bytes.place(body) }));
}

/** The insert of such a list, for a `with` that has `allowed`, a row (`n`, `thread`) for each thread that may be written to, and the packed bytes as `payload`. */
export const insertWrites = (sql: Sql, list: readonly object[]) => sql`
      insert into checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
      select allowed.thread, w.ns, w.id, w.task, w."index", w.channel, w.type, substring(payload.bytes from w."at" for w.size)
      from payload, allowed join jsonb_to_recordset(${JSON.stringify(list)}::jsonb)
        as w(n int, ns text, id text, task text, "index" int, channel text, type text, "at" int, size int) using (n)
      on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
      do update set channel = excluded.channel, type = excluded.type, blob = excluded.blob where excluded.idx < 0`;

/** Writes what tasks of one thread produced, in one statement; false when the fence refused (see `put-checkpoints.ts`) and nothing was written. */
export async function putWrites(sql: Sql, threadId: string, tasks: readonly WriteRows[], fence: Fence | null): Promise<boolean> {
  const bytes = new PackedBytes();
  const list = listWrites(0, tasks, bytes);
  const [outcome] = await sql<{ written: boolean }[]>`
    with fence as materialized (
      select 1 from runs where run_id = ${fence?.runId ?? null}::uuid and epoch = ${fence?.epoch ?? null}::bigint and status = 'running' for share
    ), allowed as materialized (
      select 0 as n, ${threadId}::text as thread where ${fence === null}::boolean or exists (select 1 from fence)
    ), payload as materialized (
      select ${bytes.all()}::bytea as bytes
    ), put as (
      ${insertWrites(sql, list)}
    )
    select exists (select 1 from allowed) as written
  `;
  return outcome?.written ?? false;
}
