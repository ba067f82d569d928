import type { Transaction } from "./sql.ts";

/**
 * Locks a thread and the threads of its teams, and theirs; returns their ids, the deepest first. The children come first because the end of a
 * child's run locks the child and then touches the parent. Null with `skipLocked` when somebody works on one of them. Empty: it is gone.
 */
export async function lockThreadTree(sql: Transaction, threadId: string, options: { skipLocked: boolean }): Promise<string[] | null> {
  for (let locked: string[] = []; ;) {
    const rows = await sql<{ thread_id: string }[]>`
      with recursive tree(thread_id, depth) as (
        select thread_id, 0 from threads where thread_id = ${threadId}
        union all
        select t.thread_id, tree.depth + 1 from tree join threads t on t.parent_thread_id = tree.thread_id
      )
      select thread_id from tree order by depth desc, thread_id`;
    const ids = rows.map((row) => row.thread_id);
    // once the parents are locked nobody adds a child
    if (ids.every((id) => locked.includes(id))) return ids;
    locked = (
      await sql<{ thread_id: string }[]>`
        select thread_id from threads where thread_id = any(${ids}::uuid[]) order by array_position(${ids}::uuid[], thread_id)
        for update ${options.skipLocked ? sql`skip locked` : sql``}`
    ).map((row) => row.thread_id);
    if (options.skipLocked && locked.length < ids.length) return null;
  }
}
