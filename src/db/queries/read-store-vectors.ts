import type postgres from "postgres";
import { storeFilter } from "./store-filter.ts";
import { labels } from "./store-labels.ts";

export interface StoreVectorRow {
  namespace: string[];
  key: string;
  vector: Uint8Array;
}

/** Rows of one round trip: what is compared in it blocks the process for a few milliseconds. */
const ROWS = 100;

/** The vectors of the items whose namespace begins with these labels and that the filter lets through, some at a time. */
export function readStoreVectors(
  sql: postgres.Sql,
  query: { prefix: readonly string[]; filter: Record<string, unknown>; contains?: Record<string, unknown> | undefined },
): AsyncIterable<StoreVectorRow[]> {
  return sql<StoreVectorRow[]>`
    select namespace, key, vector from store_items join store_vectors using (namespace, key)
    where namespace >= ${labels(sql, query.prefix)} and namespace[1:${query.prefix.length}::int] = ${labels(sql, query.prefix)}
      and (expires_at is null or expires_at > clock_timestamp()) ${storeFilter(sql, query.filter, query.contains)}
  `.cursor(ROWS);
}
