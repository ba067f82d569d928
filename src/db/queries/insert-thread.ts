import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

export interface NewThread {
  threadId: string;
  owner: string;
  metadata: Record<string, unknown>;
  temporary?: boolean;
  parent?: { threadId: string; call: string; branch: string; projectId: string | null };
}

/** A fresh thread; null when the id (or the parent's call) is taken. */
export async function insertThread(sql: Sql, thread: NewThread): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`
    with t as (
      insert into threads (thread_id, owner, metadata, temporary, parent_thread_id, parent_call, parent_branch, project_id)
      values (${thread.threadId}, ${thread.owner}, ${JSON.stringify(thread.metadata)}, ${thread.temporary ?? false}, ${thread.parent?.threadId ?? null},
        ${thread.parent?.call ?? null}, ${thread.parent?.branch ?? null}, ${thread.parent?.projectId ?? null})
      on conflict do nothing returning *
    ) select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
