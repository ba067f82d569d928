import type postgres from "postgres";
import { framedParts, partsBelow, unframeParts } from "./checkpoint-parts-sql.ts";

/** Which checkpoints, newest first. */
export interface CheckpointQuery {
  readonly threadId?: string | undefined;
  readonly namespace?: string | undefined;
  readonly checkpointId?: string | undefined;
  /** Only checkpoints older than this id. */
  readonly beforeId?: string | undefined;
  /** JSON text that the metadata must contain. */
  readonly filter?: string | undefined;
  /** The last one of the page before this one. */
  readonly after?: { readonly checkpointId: string; readonly threadId: string; readonly namespace: string } | undefined;
  readonly limit: number;
}

export interface CheckpointHead {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | null;
  /** As stored: no `channel_values`. */
  readonly checkpoint: Record<string, unknown>;
  /** JSON text. */
  readonly metadata: string;
}

/** A page of checkpoints and all that belongs to them; what several share is there once. */
export interface CheckpointPage {
  readonly heads: readonly CheckpointHead[];
  readonly blobs: readonly { threadId: string; namespace: string; channel: string; version: string; type: string; body: Buffer }[];
  readonly writes: readonly {
    threadId: string;
    namespace: string;
    checkpointId: string;
    taskId: string;
    index: number;
    channel: string;
    type: string;
    body: Buffer;
  }[];
  /** Bodies of list parts by thread and hash in hex. */
  readonly parts: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  readonly generations: ReadonlyMap<string, string>;
}

interface Row {
  kind: "head" | "blob" | "write" | "part" | "gate";
  t: string;
  n: string | null;
  a: string | null;
  b: string | null;
  c: string | null;
  d: string | null;
  i: number | null;
  j: Record<string, unknown> | null;
  body: Buffer | null;
}

/** Reads a page in one statement, hence of one moment: what it says about parts is true for the generation it returns. */
export async function readCheckpoints(sql: postgres.Sql, query: CheckpointQuery): Promise<CheckpointPage> {
  const rows = await sql<Row[]>`
    with recursive head as materialized (
      select thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, coalesce(type, metadata::text) as metadata, checkpoint
      from checkpoints
      where true
        ${query.threadId === undefined ? sql`` : sql`and thread_id = ${query.threadId}`}
        ${query.namespace === undefined ? sql`` : sql`and checkpoint_ns = ${query.namespace}`}
        ${query.checkpointId === undefined ? sql`` : sql`and checkpoint_id = ${query.checkpointId}`}
        ${query.beforeId === undefined ? sql`` : sql`and checkpoint_id < ${query.beforeId}`}
        ${query.filter === undefined ? sql`` : sql`and metadata @> ${query.filter}::jsonb`}
        ${query.after === undefined ? sql`` : sql`and (checkpoint_id, thread_id, checkpoint_ns) < (${query.after.checkpointId}, ${query.after.threadId}, ${query.after.namespace})`}
      order by checkpoint_id desc, thread_id desc, checkpoint_ns desc
      limit ${query.limit}
    ), blob as materialized (
      select distinct on (b.thread_id, b.checkpoint_ns, b.channel, b.version) b.*
      from head
      cross join lateral jsonb_each_text(head.checkpoint -> 'channel_versions') v
      cross join lateral (
        select * from checkpoint_blobs b
        where b.thread_id = head.thread_id and b.checkpoint_ns = head.checkpoint_ns and b.channel = v.key and b.version = v.value offset 0
      ) b
      where b.type <> 'empty' and b.blob is not null
    ), ${partsBelow(sql, "blob")}
    select 'head' as kind, thread_id as t, checkpoint_ns as n, checkpoint_id as a, parent_checkpoint_id as b, metadata as c, null as d, null::int as i, checkpoint as j, null::bytea as body from head
    union all
    select 'blob', thread_id, checkpoint_ns, channel, version, type, null, null, null, blob from blob
    union all
    select 'write', w.thread_id, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.channel, w.type, w.idx, null, w.blob
    from head cross join lateral (
      select * from checkpoint_writes w where w.thread_id = head.thread_id and w.checkpoint_ns = head.checkpoint_ns and w.checkpoint_id = head.checkpoint_id offset 0
    ) w
    union all
    select 'part', part.thread_id, null, null, null, null, null, null, null, ${framedParts(sql)}
    from part cross join lateral (select p.body from checkpoint_parts p where p.thread_id = part.thread_id and p.hash = part.hash offset 0) p
    group by part.thread_id
    union all
    select 'gate', g.thread_id, null, g.generation::text, null, null, null, null, null, null
    from (select distinct thread_id from head) h join checkpoint_gates g using (thread_id)
  `;
  return sortRows(rows);
}

function sortRows(rows: readonly Row[]): CheckpointPage {
  const heads: CheckpointHead[] = [];
  const blobs: CheckpointPage["blobs"][number][] = [];
  const writes: CheckpointPage["writes"][number][] = [];
  const parts = new Map<string, ReadonlyMap<string, Buffer>>();
  const generations = new Map<string, string>();
  for (const { kind, t: threadId, n, a, b, c, d, i, j, body } of rows) {
    const namespace = n ?? "";
    if (kind === "head") heads.push({ threadId, namespace, checkpointId: a ?? "", parentId: b, metadata: c ?? "{}", checkpoint: j ?? {} });
    else if (kind === "gate") generations.set(threadId, a ?? "");
    else if (body === null) continue;
    else if (kind === "blob") blobs.push({ threadId, namespace, channel: a ?? "", version: b ?? "", type: c ?? "", body });
    else if (kind === "write")
      writes.push({ threadId, namespace, checkpointId: a ?? "", taskId: b ?? "", channel: c ?? "", type: d ?? "json", index: i ?? 0, body });
    else parts.set(threadId, unframeParts(body));
  }
  heads.sort((one, two) => -compare(one.checkpointId, two.checkpointId) || -compare(one.threadId, two.threadId) || -compare(one.namespace, two.namespace));
  writes.sort((one, two) => compare(one.taskId, two.taskId) || one.index - two.index);
  return { heads, blobs, writes, parts, generations };
}

/** By code unit, like the database with locale C; ids are ASCII. */
function compare(one: string, two: string): number {
  return one < two ? -1 : one > two ? 1 : 0;
}

/** The sends of a checkpoint older than format 4, which kept them as writes of the parent. */
export async function readPendingSends(sql: postgres.Sql, threadId: string, namespace: string, parentId: string): Promise<{ type: string; body: Buffer }[]> {
  return await sql<{ type: string; body: Buffer }[]>`
    select type, blob as body from checkpoint_writes
    where thread_id = ${threadId} and checkpoint_ns = ${namespace} and checkpoint_id = ${parentId} and channel = '__pregel_tasks'
    order by task_id, idx
  `;
}
