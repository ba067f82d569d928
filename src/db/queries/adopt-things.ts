import { AppError } from "#errors";
import type { Transaction } from "./sql.ts";

/** Tables whose rows go with their owner. The test that lists all tables with an owner names those that stay. */
export const ADOPTED = ["threads", "runs", "assistants", "crons", "approvals", "projects", "model_calls", "webhooks"] as const;

/**
 * Hands everything of one owner to another, with their part of the store; answers how many rows of each table. What the new owner has in the
 * store under the same name stays theirs, and the old owner's beside it where it is.
 *
 * @throws AppError `conflict` while runs of the old owner are under way: they would go on as somebody who has nothing any more
 */
export async function adoptThings(sql: Transaction, { from, to }: { from: string; to: string }): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  // no run begins while hands change
  await sql`lock table runs in share row exclusive mode`;
  const [underway] = await sql<{ runs: number }[]>`select count(*)::int as runs from runs where owner = ${from} and status in ('pending', 'running')`;
  if (underway !== undefined && underway.runs > 0)
    throw new AppError("conflict", `${underway.runs} runs of "${from}" are not over. Wait for them or cancel them, and run this again.`);
  for (const table of ADOPTED) counts[table] = (await sql`update ${sql(table)} set owner = ${to} where owner = ${from}`).count;
  // whoever sends such a request again is somebody else now
  await sql`delete from idempotency_keys where owner = ${from}`;
  const target = sql`array[${to}::text] || namespace[2:]`;
  const items = await sql`
    insert into store_items (namespace, key, value, created_at, updated_at, ttl_minutes, expires_at)
    select ${target}, key, value, created_at, updated_at, ttl_minutes, expires_at from store_items where namespace[1] = ${from}
    on conflict (namespace, key) do nothing returning namespace[2:] as path, key`;
  counts["store_items"] = items.count;
  const moved = sql`
    select array(select jsonb_array_elements_text(item -> 'path')) as path, item ->> 'key' as key
    from jsonb_array_elements(${JSON.stringify(items.map(({ path, key }) => ({ path: path as string[], key: key as string })))}::jsonb) as item`;
  await sql`
    insert into store_vectors (namespace, key, place, vector)
    select array[${to}::text] || v.namespace[2:], v.key, v.place, v.vector from store_vectors v join (${moved}) m on v.namespace[2:] = m.path and v.key = m.key
    where v.namespace[1] = ${from}`;
  await sql`delete from store_items i using (${moved}) m where i.namespace[1] = ${from} and i.namespace[2:] = m.path and i.key = m.key`;
  return counts;
}
