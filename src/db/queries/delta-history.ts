import type postgres from "postgres";
import { framedParts, partsBelow, unframeParts } from "./checkpoint-parts-sql.ts";

export interface DeltaRows {
  /** Oldest ancestor first; within one by task and index. */
  readonly writes: readonly { taskId: string; channel: string; type: string; body: Buffer }[];
  /** The value at the nearest ancestor that has one. */
  readonly seeds: readonly { channel: string; type: string; body: Buffer }[];
  readonly parts: ReadonlyMap<string, Buffer>;
}

interface Row {
  kind: "write" | "seed" | "part";
  depth: number;
  a: string;
  b: string | null;
  c: string | null;
  i: number | null;
  body: Buffer;
}

/**
 * Walks from a checkpoint's parent towards the root, per channel until the first ancestor that stored a value, and collects the writes
 * on the way: what LangGraph's DeltaChannel is rebuilt from. `checkpointId` null starts from the newest checkpoint.
 */
export async function readDeltaHistory(
  sql: postgres.Sql,
  threadId: string,
  namespace: string,
  checkpointId: string | null,
  channels: readonly string[],
): Promise<DeltaRows> {
  const rows = await sql<Row[]>`
    with recursive start as materialized (
      select parent_checkpoint_id as id from checkpoints
      where thread_id = ${threadId} and checkpoint_ns = ${namespace} ${checkpointId === null ? sql`` : sql`and checkpoint_id = ${checkpointId}`}
      order by checkpoint_id desc limit 1
    ), chain(depth, id, parent, versions, wanted, seeded) as (
      select 1, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint -> 'channel_versions', w.list, array(${seededAmong(sql, "w.list")})
      from start
      cross join (select array(select jsonb_array_elements_text(${JSON.stringify(channels)}::jsonb)) as list) w
      join checkpoints c on c.thread_id = ${threadId} and c.checkpoint_ns = ${namespace} and c.checkpoint_id = start.id
      union all
      select w.depth, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint -> 'channel_versions', w.list, array(${seededAmong(sql, "w.list")})
      from (
        select chain.depth + 1 as depth, chain.parent, array(select unnest(chain.wanted) except select unnest(chain.seeded)) as list from chain
      ) w
      cross join lateral (
        select * from checkpoints c where c.thread_id = ${threadId} and c.checkpoint_ns = ${namespace} and c.checkpoint_id = w.parent offset 0
      ) c
      where cardinality(w.list) > 0 and w.depth < 1000000
    ), seed as materialized (
      select b.* from chain cross join lateral unnest(chain.seeded) s(channel)
      cross join lateral (
        select * from checkpoint_blobs b
        where b.thread_id = ${threadId} and b.checkpoint_ns = ${namespace} and b.channel = s.channel and b.version = chain.versions ->> s.channel offset 0
      ) b
    ), ${partsBelow(sql, "seed")}
    select 'write' as kind, chain.depth, w.task_id as a, w.channel as b, w.type as c, w.idx as i, w.blob as body
    from chain cross join lateral (
      select * from checkpoint_writes w
      where w.thread_id = ${threadId} and w.checkpoint_ns = ${namespace} and w.checkpoint_id = chain.id and w.channel = any(chain.wanted) offset 0
    ) w
    union all
    select 'seed', 0, channel, type, null, null, blob from seed
    union all
    select 'part', 0, '', null, null, null, ${framedParts(sql)}
    from part cross join lateral (select p.body from checkpoint_parts p where p.thread_id = part.thread_id and p.hash = part.hash offset 0) p
    having count(*) > 0
  `;
  const writes = rows.filter((row) => row.kind === "write");
  writes.sort((one, two) => two.depth - one.depth || (one.a < two.a ? -1 : one.a > two.a ? 1 : 0) || (one.i ?? 0) - (two.i ?? 0));
  return {
    writes: writes.map(({ a, b, c, body }) => ({ taskId: a, channel: b ?? "", type: c ?? "json", body })),
    seeds: rows.filter((row) => row.kind === "seed").map(({ a, b, body }) => ({ channel: a, type: b ?? "json", body })),
    parts: unframeParts(rows.find((row) => row.kind === "part")?.body ?? Buffer.alloc(0)),
  };

  function seededAmong(client: postgres.Sql, list: string) {
    return client`
      select channel from unnest(${client.unsafe(list)}) channel where exists (
        select 1 from checkpoint_blobs b
        where b.thread_id = ${threadId} and b.checkpoint_ns = ${namespace} and b.channel = channel
          and b.version = c.checkpoint -> 'channel_versions' ->> channel and b.type <> 'empty' and b.blob is not null
      )`;
  }
}
