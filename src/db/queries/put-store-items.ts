import type postgres from "postgres";
import { labels } from "./store-labels.ts";

export interface StorePutRow {
  readonly namespace: readonly string[];
  readonly key: string;
  /** Null: delete. */
  readonly value: Record<string, unknown> | null;
  /** Minutes; null: for ever. */
  readonly ttl: number | null;
  /** What the item means, one a text; replaces what was there. */
  readonly vectors: readonly Uint8Array[];
}

/** Writes and deletes in one transaction, in the order given: the same for all who write the same items, so that none waits for another in a ring. */
export async function putStoreItems(sql: postgres.Sql, items: readonly StorePutRow[]): Promise<void> {
  await sql.begin(async (tx) => {
    for (const item of items) await (item.value === null ? remove(tx, item) : write(tx, item));
  });
}

async function remove(tx: postgres.TransactionSql, { namespace, key }: StorePutRow): Promise<void> {
  await tx`delete from store_items where namespace = ${labels(tx, namespace)} and key = ${key}`;
}

/** One statement: an item is never seen with the vectors of another value. */
async function write(tx: postgres.TransactionSql, { namespace, key, value, ttl, vectors }: StorePutRow): Promise<void> {
  const item = tx`
    insert into store_items (namespace, key, value, ttl_minutes, expires_at)
    values (${labels(tx, namespace)}, ${key}, ${JSON.stringify(value)}::jsonb, ${ttl}::float8, clock_timestamp() + ${ttl}::float8 * interval '1 minute')
    on conflict (namespace, key) do update set
      value = excluded.value, ttl_minutes = excluded.ttl_minutes, expires_at = excluded.expires_at, updated_at = clock_timestamp(),
      created_at = case when store_items.expires_at <= clock_timestamp() then clock_timestamp() else store_items.created_at end`;
  const surplus = tx`delete from store_vectors where namespace = ${labels(tx, namespace)} and key = ${key} and place >= ${vectors.length}::int`;
  if (vectors.length === 0) {
    await tx`with item as (${item}) ${surplus}`;
    return;
  }
  const rows = vectors.map(
    (vector, place) => tx`${place === 0 ? tx`` : tx`, `}(${labels(tx, namespace)}, ${key}, ${place}::int, ${Buffer.from(vector)}::bytea)`,
  );
  await tx`
    with item as (${item}), surplus as (${surplus})
    insert into store_vectors (namespace, key, place, vector) values ${rows}
    on conflict (namespace, key, place) do update set vector = excluded.vector`;
}
