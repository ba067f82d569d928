import type { Sql } from "./sql.ts";

export interface Named {
  kind: "thread" | "run" | "assistant" | "cron" | "approval" | "project" | "key";
  id: string;
  owner: string;
}

/** Whose things have these ids, of whatever kind; what is nobody's is left out. */
export async function ownersOfNamed(sql: Sql, ids: readonly string[]): Promise<Named[]> {
  const wanted = sql`any(${[...ids]}::uuid[])`;
  const rows = await sql<Named[]>`
    select 'thread' as kind, thread_id as id, owner from threads where thread_id = ${wanted}
    union all select 'run', run_id, owner from runs where run_id = ${wanted}
    union all select 'assistant', assistant_id, owner from assistants where assistant_id = ${wanted} and owner is not null
    union all select 'cron', cron_id, owner from crons where cron_id = ${wanted}
    union all select 'approval', id, owner from approvals where id = ${wanted}
    union all select 'project', id, owner from projects where id = ${wanted}
    union all select 'key', id, owner from api_keys where id = ${wanted}`;
  return [...rows];
}
