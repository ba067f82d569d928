import type { Sql } from "./sql.ts";
import type { ThreadTtl } from "#protocol/threads.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

export interface NewThread {
  threadId: string;
  owner: string;
  metadata: Record<string, unknown>;
  temporary?: boolean;
  /** How long it may rest, and what is done then. */
  ttl?: ThreadTtl | null;
  parent?: { threadId: string; call: string; branch: string; projectId: string | null };
}

/**
 * A fresh thread; null when the id (or the parent's call) is taken, or the parent is gone. A parent is kept from being deleted until this
 * transaction ends: whoever deletes it then sees this child too.
 */
export async function insertThread(sql: Sql, thread: NewThread): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`
    with t as (
      insert into threads (thread_id, owner, metadata, temporary, parent_thread_id, parent_call, parent_branch, project_id, ttl_minutes, ttl_strategy)
      select ${thread.threadId}::uuid, ${thread.owner}, ${JSON.stringify(thread.metadata)}::jsonb, ${thread.temporary ?? false}, ${thread.parent?.threadId ?? null}::uuid,
        ${thread.parent?.call ?? null}, ${thread.parent?.branch ?? null}, ${thread.parent?.projectId ?? null}::uuid, ${thread.ttl?.minutes ?? null}::float8, ${thread.ttl?.strategy ?? null}
      ${thread.parent === undefined ? sql`` : sql`from (select 1 from threads where thread_id = ${thread.parent.threadId} for key share) parent`}
      on conflict do nothing returning *
    ) select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
