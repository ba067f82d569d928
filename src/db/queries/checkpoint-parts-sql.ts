import type postgres from "postgres";

/**
 * A recursive common table `part(thread_id, level, hash)`: all parts below the lists among `source`, a common table before it with
 * `thread_id`, `type` and `blob`. The numbers are the layout of `runtime/checkpointer-list.ts`: hashes of 16 bytes, entries of 17.
 * Every step is a lateral lookup by primary key (`offset 0` keeps the planner from turning it into a join, for which it would guess a
 * thousand rows per root and read the whole table).
 */
export function partsBelow(sql: postgres.Sql | postgres.TransactionSql, source: string): postgres.PendingQuery<postgres.Row[]> {
  return sql`
    part(thread_id, level, hash) as (
      select root.thread_id, get_byte(root.blob, 1 + i * 17), substring(root.blob from 3 + i * 17 for 16)
      from ${sql(source)} root cross join lateral generate_series(0, get_byte(root.blob, 0) - 1) i
      where root.type = 'list'
      union
      select part.thread_id, part.level - 1, substring(node.body from 1 + i * 16 for 16)
      from part
      cross join lateral (select p.body from checkpoint_parts p where p.thread_id = part.thread_id and p.hash = part.hash offset 0) node
      cross join lateral generate_series(0, length(node.body) / 16 - 1) i
      where part.level > 0
    )`;
}

/** All parts in one value: hash, length, body, and the next. A row each would cost the driver more than the database. */
export function framedParts(sql: postgres.Sql): postgres.PendingQuery<postgres.Row[]> {
  return sql`string_agg(part.hash || int4send(length(p.body)) || p.body, ''::bytea)`;
}

/** What {@link framedParts} gave: bodies by hash in hex. */
export function unframeParts(framed: Buffer): Map<string, Buffer> {
  const parts = new Map<string, Buffer>();
  for (let at = 0; at < framed.length;) {
    const start = at + 20;
    const end = start + framed.readInt32BE(at + 16);
    parts.set(framed.toString("hex", at, at + 16), framed.subarray(start, end));
    at = end;
  }
  return parts;
}
