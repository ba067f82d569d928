import type { Sql } from "./sql.ts";

export interface SupersededMirror {
  id: string;
  thread_id: string;
}

/** The questions in parents' threads that showed these ones: they are answered, or gone. Returns where they stood. */
export async function supersedeMirrors(sql: Sql, originals: readonly string[]): Promise<SupersededMirror[]> {
  if (originals.length === 0) return [];
  return sql<SupersededMirror[]>`
    update approvals set state = 'superseded', updated_at = now()
    where mirror_of = any(${[...originals]}::uuid[]) and state = 'pending' returning id, thread_id`;
}
