import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** The row of a copied thread: at rest, on its own, with what the original showed. Null when the original is not this owner's. */
export async function copyThreadRow(sql: Sql, input: { from: string; to: string; owner: string }): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`
    with t as (
      insert into threads (thread_id, owner, status, metadata, config, "values", interrupts, error, graph_id, assistant_id, project_id)
      select ${input.to}, owner, case when interrupts <> '{}'::jsonb then 'interrupted' when error is not null then 'error' else 'idle' end,
        metadata || jsonb_build_object('thread_id', ${input.to}::text), config, "values", interrupts, error, graph_id, assistant_id, project_id
      from threads where thread_id = ${input.from} and owner = ${input.owner} returning *
    ) select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
