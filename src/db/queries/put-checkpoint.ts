import { allowedBy, type Fence } from "./fence.ts";
import { PackedBytes } from "./packed-bytes.ts";
import { insertWrites, listWrites, type WriteRows } from "./put-writes.ts";
import type { Sql } from "./sql.ts";

export interface CheckpointRow {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | null;
  /** JSON text without `channel_values`. */
  readonly checkpoint: string;
  /** JSON text. */
  readonly metadata: string;
  /** JSON text of metadata that `jsonb` cannot hold as it is (NUL, half a surrogate pair); else null. Stands in the unused column `type`. */
  readonly exactMetadata: string | null;
  readonly blobs: readonly { readonly channel: string; readonly version: string; readonly type: string; readonly body: Uint8Array }[];
  readonly parts: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[];
  /** What tasks of this thread produced and has not been written yet: it goes along, under the same fence and whatever the generation is. */
  readonly writes: readonly WriteRows[];
}

export interface PutOutcome {
  /** False: the fence refused, nothing was written. */
  readonly fenced: boolean;
  /** False with `fenced`: the generation was another one, nothing was written. Send every part and name no generation. */
  readonly written: boolean;
  readonly generation: string | null;
}

/**
 * Writes a checkpoint with its channel values, and what led to it, in one statement, which is one transaction.
 *
 * Two row locks make it safe, both of the kind that waits for a writer and then reads what that writer left:
 *   - FOR SHARE on the run: a takeover in progress is waited for, and its new epoch is seen. A bare `exists` reads the snapshot and
 *     lets a zombie write after the takeover.
 *   - FOR SHARE on the thread's gate: whatever deletes parts changes the gate's generation first. Parts that the caller left out as
 *     stored are stored only if the generation is still the one under which it learnt so.
 */
export async function putCheckpoint(sql: Sql, row: CheckpointRow, generation: string | null, fence: Fence | null): Promise<PutOutcome> {
  const bytes = new PackedBytes();
  const blobs = row.blobs.map(({ channel, version, type, body }) => ({ channel, version, type, ...bytes.place(body) }));
  const parts = row.parts.map(({ hash, body }) => {
    const name = bytes.place(hash);
    const { at, size } = bytes.place(body);
    return { ...name, body: at, length: size };
  });
  const writes = listWrites(row.writes, bytes);
  const [outcome] = await sql<{ fenced: boolean; written: boolean; generation: string | null }[]>`
    with ${allowedBy(sql, fence)}, made as (
      insert into checkpoint_gates (thread_id) select ${row.threadId}::text from allowed where ${generation}::bigint is null
      on conflict do nothing returning generation
    ), gate as materialized (
      select generation from checkpoint_gates where thread_id = ${row.threadId} for share
    ), state as materialized (
      select coalesce((select generation from made), (select generation from gate)) as generation
    ), go as materialized (
      select 1 from state, allowed where generation = coalesce(${generation}::bigint, generation)
    ), payload as materialized (
      select ${bytes.all()}::bytea as bytes
    ), put_parts as (
      insert into checkpoint_parts (thread_id, hash, body)
      select ${row.threadId}, substring(payload.bytes from p."at" for p.size), substring(payload.bytes from p.body for p.length)
      from go, payload, jsonb_to_recordset(${JSON.stringify(parts)}::jsonb) as p("at" int, size int, body int, length int)
      on conflict do nothing
    ), put_blobs as (
      insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
      select ${row.threadId}, ${row.namespace}, b.channel, b.version, b.type, substring(payload.bytes from b."at" for b.size)
      from go, payload, jsonb_to_recordset(${JSON.stringify(blobs)}::jsonb) as b(channel text, version text, type text, "at" int, size int)
      on conflict do nothing
    ), put_writes as (
      ${insertWrites(sql, row.threadId, writes)}
    ), put_checkpoint as (
      insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
      select ${row.threadId}, ${row.namespace}, ${row.checkpointId}, ${row.parentId}::text, ${row.exactMetadata}::text, ${row.checkpoint}::jsonb, ${row.metadata}::jsonb
      from go
      on conflict (thread_id, checkpoint_ns, checkpoint_id)
      do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata, type = excluded.type
    )
    select exists (select 1 from allowed) as fenced, exists (select 1 from go) as written, (select generation from state)::text as generation
  `;
  return outcome ?? { fenced: false, written: false, generation: null };
}
