import type postgres from "postgres";
import { judged, storeFilter } from "./store-filter.ts";
import { labels } from "./store-labels.ts";

export interface StoreRow {
  namespace: string[];
  key: string;
  value: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
  ttl_minutes: number | null;
}

export type MatchRule = { readonly end: "prefix" | "suffix"; readonly path: readonly string[] };

/** What has expired is not there any more, swept or not. */
function alive(sql: postgres.Sql) {
  return sql`(expires_at is null or expires_at > clock_timestamp())`;
}

export interface StoreAddress {
  readonly namespace: readonly string[];
  readonly key: string;
}

/** The items at these addresses, in any order; those that are not there are left out. */
export async function getItems(sql: postgres.Sql, addresses: readonly StoreAddress[]): Promise<StoreRow[]> {
  if (addresses.length === 0) return [];
  return await sql<StoreRow[]>`select * from store_items where ${atAddresses(sql, addresses)} and ${alive(sql)}`;
}

/**
 * Lets the time of these items begin anew; those that are kept for ever are not touched. Nor are those that somebody else has in hand, who
 * does the same: a read waits for nobody, and closes no circle with who writes several items.
 */
export async function refreshItems(sql: postgres.Sql, addresses: readonly StoreAddress[]): Promise<void> {
  await sql`
    update store_items set expires_at = clock_timestamp() + ttl_minutes * interval '1 minute'
    where (namespace, key) in (
      select namespace, key from store_items where ${atAddresses(sql, addresses)} and ttl_minutes is not null and ${alive(sql)} for no key update skip locked
    )`;
}

function atAddresses(sql: postgres.Sql, addresses: readonly StoreAddress[]) {
  const pairs = addresses.map(({ namespace, key }, place) => sql`${place === 0 ? sql`` : sql`, `}(${labels(sql, namespace)}, ${key}::text)`);
  return sql`(namespace, key) in (${pairs})`;
}

/** Items whose namespace begins with these labels, the last changed first. `filter` as in `store-filter.ts`. */
export async function searchItems(
  sql: postgres.Sql,
  query: { prefix: readonly string[]; filter: Record<string, unknown>; contains?: Record<string, unknown> | undefined; limit: number; offset: number },
): Promise<StoreRow[]> {
  // the first comparison narrows the scan of the primary key, the second one is the condition
  return await sql<StoreRow[]>`
    select * from store_items
    where namespace >= ${labels(sql, query.prefix)} and namespace[1:${query.prefix.length}::int] = ${labels(sql, query.prefix)} and ${alive(sql)} ${storeFilter(sql, query.filter, query.contains)}
    order by updated_at desc, namespace, key
    limit ${query.limit} offset ${query.offset}
  `;
}

/** The namespaces that hold something, cut to `depth` labels, in order. `*` in a rule stands for any label. */
export async function listNamespaces(
  sql: postgres.Sql,
  query: { rules: readonly MatchRule[]; contains?: Record<string, unknown> | undefined; depth: number | null; limit: number; offset: number },
): Promise<string[][]> {
  let conditions = sql`${alive(sql)} ${judged(sql, query.contains ?? {})}`;
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
