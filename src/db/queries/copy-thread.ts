import type { Reach } from "#ports/access.ts";
import { checkpointCopies } from "./copy-checkpoints.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/**
 * Copies a thread with its whole history in one statement: hence of one moment, also while a run writes to the original. The copy is at rest
 * and on its own. Null when the original is out of reach.
 *
 * @param input.owner of the copy
 * @param input.reach which originals may be copied; the owner's when absent
 * @param input.metadata of the copy, where a rule had its say
 */
export async function copyThread(
  sql: Sql,
  input: { from: string; to: string; owner: string; reach?: Reach; metadata?: Record<string, unknown> },
): Promise<ThreadRow | null> {
  const { from, to } = input;
  const rows = await sql<ThreadRow[]>`
    with t as (
      insert into threads (thread_id, owner, status, resting, metadata, config, "values", values_at_head, interrupts, error, graph_id, assistant_id, project_id, ttl_minutes, ttl_strategy)
      select ${to}::uuid, ${input.owner}, resting, resting,
        ${input.metadata === undefined ? sql`metadata` : sql`${JSON.stringify(input.metadata)}::jsonb`} || jsonb_build_object('thread_id', ${to}::text), config, "values", values_at_head, interrupts, error, graph_id, assistant_id,
        -- a copy that somebody else makes for themselves is none of the project's work
        case when owner = ${input.owner} then project_id end, ttl_minutes, ttl_strategy
      from threads t where thread_id = ${from}::uuid and ${threadWithin(sql, input.reach ?? input.owner)} returning *
    ), ${checkpointCopies(sql, { from, to, when: "t" })}
    select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
