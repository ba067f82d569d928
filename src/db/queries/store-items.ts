import type postgres from "postgres";
import { storeFilter } from "./store-filter.ts";

export interface StoreRow {
  namespace: string[];
  key: string;
  value: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
}

export type MatchRule = { readonly end: "prefix" | "suffix"; readonly path: readonly string[] };

/** A namespace as the parameter of an array column. */
function labels(sql: postgres.Sql | postgres.TransactionSql, path: readonly string[]) {
  return sql`array(select label from jsonb_array_elements_text(${JSON.stringify(path)}::jsonb) with ordinality as t(label, place) order by place)`;
}

export async function getItem(sql: postgres.Sql, namespace: readonly string[], key: string): Promise<StoreRow | null> {
  const [row] = await sql<StoreRow[]>`select * from store_items where namespace = ${labels(sql, namespace)} and key = ${key}`;
  return row ?? null;
}

/** Items whose namespace begins with these labels, the last changed first. `filter` as in `store-filter.ts`. */
export async function searchItems(
  sql: postgres.Sql,
  query: { prefix: readonly string[]; filter: Record<string, unknown>; limit: number; offset: number },
): Promise<StoreRow[]> {
  // the first comparison narrows the scan of the primary key, the second one is the condition
  return await sql<StoreRow[]>`
    select * from store_items
    where namespace >= ${labels(sql, query.prefix)} and namespace[1:${query.prefix.length}::int] = ${labels(sql, query.prefix)} ${storeFilter(sql, query.filter)}
    order by updated_at desc, namespace, key
    limit ${query.limit} offset ${query.offset}
  `;
}

/** Writes and deletes (`value` null) in one transaction, in the order given. */
export async function putItems(
  sql: postgres.Sql,
  items: readonly { namespace: readonly string[]; key: string; value: Record<string, unknown> | null }[],
): Promise<void> {
  await sql.begin(async (tx) => {
    for (const { namespace, key, value } of items) {
      if (value === null) await tx`delete from store_items where namespace = ${labels(tx, namespace)} and key = ${key}`;
      else {
        await tx`
          insert into store_items (namespace, key, value) values (${labels(tx, namespace)}, ${key}, ${JSON.stringify(value)}::jsonb)
          on conflict (namespace, key) do update set value = excluded.value, updated_at = clock_timestamp()`;
      }
    }
  });
}

/** The namespaces that hold something, cut to `depth` labels, in order. `*` in a rule stands for any label. */
export async function listNamespaces(
  sql: postgres.Sql,
  query: { rules: readonly MatchRule[]; depth: number | null; limit: number; offset: number },
): Promise<string[][]> {
  let conditions = sql`true`;
  for (const { end, path } of query.rules) {
    conditions = sql`${conditions} and cardinality(namespace) >= ${path.length}::int`;
    for (const [place, label] of path.entries()) {
      if (label === "*") continue;
      const index = end === "prefix" ? sql`${place + 1}::int` : sql`cardinality(namespace) - ${path.length - place - 1}::int`;
      conditions = sql`${conditions} and namespace[${index}] = ${label}`;
    }
  }
  const depth = query.depth === null ? sql`cardinality(namespace)` : sql`${query.depth}::int`;
  const rows = await sql<{ path: string[] }[]>`
    select distinct namespace[1:${depth}] as path from store_items where ${conditions} order by path limit ${query.limit} offset ${query.offset}
  `;
  return rows.map((row) => row.path);
}
