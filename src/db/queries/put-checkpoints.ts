import type { Fence } from "./fence.ts";
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
  /** True when lists of it are stored in parts, whether they are sent along or not. */
  readonly inParts: boolean;
  readonly parts: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[];
  /** What tasks of this thread produced and has not been written yet: it goes along, under the same fence and whatever the generation is. */
  readonly writes: readonly WriteRows[];
}

/** A checkpoint to write, the generation at which its missing parts are known to be stored, and who writes it. */
export interface CheckpointPut {
  readonly row: CheckpointRow;
  readonly generation: string | null;
  readonly fence: Fence | null;
}

export interface PutOutcome {
  /** False: the fence refused, nothing was written. */
  readonly fenced: boolean;
  /** False with `fenced`: the generation was another one, nothing was written. Send every part and name no generation. */
  readonly written: boolean;
  /** The thread's generation; null for a checkpoint without parts. */
  readonly generation: string | null;
}

/** What to do where somebody else holds a row that decides about a put: wait for him, or leave that put unwritten. */
export type WhenLocked = "wait" | "leave";

const REFUSED: PutOutcome = { fenced: false, written: false, generation: null };

/**
 * Writes checkpoints of different threads with their channel values, and what led to them, in one statement, which is one transaction and one
 * flush of the log. The outcomes stand in the order of the puts.
 *
 * Two row locks make it safe, both of the kind that waits for a writer and then reads what that writer left:
 *   - FOR SHARE on the run: a takeover in progress is waited for, and its new epoch is seen. A bare `exists` reads the snapshot and
 *     lets a zombie write after the takeover.
 *   - FOR SHARE on the thread's gate: whatever deletes parts changes the gate's generation first. Parts that the caller left out as
 *     stored are stored only if the generation is still the one under which it learnt so. Where no list is in parts there is nothing to learn.
 *
 * With `leave` a put whose run or gate is held is refused like one that comes too late. Whoever writes several at once must not wait, and so
 * take part in no deadlock; whom it concerns asks again alone.
 */
export async function putCheckpoints(sql: Sql, puts: readonly CheckpointPut[], whenLocked: WhenLocked): Promise<PutOutcome[]> {
  const bytes = new PackedBytes();
  const blobs: object[] = [];
  const parts: object[] = [];
  const writes: object[] = [];
  for (const [n, { row }] of puts.entries()) {
    for (const { channel, version, type, body } of row.blobs) blobs.push({ n, channel, version, type, ...bytes.place(body) });
    for (const { hash, body } of row.parts) {
      const name = bytes.place(hash);
      const { at, size } = bytes.place(body);
      parts.push({ n, ...name, body: at, length: size });
    }
    writes.push(...listWrites(n, row.writes, bytes));
  }
  const found = await sql<{ n: number; written: boolean; generation: string | null }[]>`
    with payload as materialized (
      select ${bytes.all()}::bytea as bytes
    ), item as materialized (
      select * from jsonb_to_recordset(${listPuts(puts)}::jsonb) as i(n int, thread text, ns text, id text, parent text, exact text,
        checkpoint jsonb, metadata jsonb, parts boolean, generation bigint, run uuid, epoch bigint)
    ), allowed as materialized (
      select item.* from item, lateral (
        select 1 from runs where run_id = item.run and epoch = item.epoch and status = 'running' for share ${skipping(sql, whenLocked)}
      ) as fence
      union all
      select item.* from item where run is null
    ), ${puts.some(({ row }) => row.inParts) ? throughGate(sql, parts, whenLocked) : sql`go as materialized (select *, null::bigint as found from allowed)`}, put_blobs as (
      insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
      select go.thread, go.ns, b.channel, b.version, b.type, substring(payload.bytes from b."at" for b.size)
      from payload, go join jsonb_to_recordset(${JSON.stringify(blobs)}::jsonb) as b(n int, channel text, version text, type text, "at" int, size int) using (n)
      on conflict do nothing
    ), put_writes as (
      ${insertWrites(sql, writes)}
    ), put_checkpoint as (
      insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
      select thread, ns, id, parent, exact, checkpoint, metadata from go
      on conflict (thread_id, checkpoint_ns, checkpoint_id)
      do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata, type = excluded.type
    )
    select allowed.n, go.n is not null as written, go.found::text as generation from allowed left join go using (n)
  `;
  const outcomes = puts.map(() => REFUSED);
  for (const { n, written, generation } of found) outcomes[n] = { fenced: true, written, generation };
  return outcomes;
}

/** JSON text of everything but bytes. Checkpoint and metadata are JSON texts already. */
function listPuts(puts: readonly CheckpointPut[]): string {
  const items = puts.map(({ row, generation, fence }, n) => {
    const plain = {
      n,
      thread: row.threadId,
      ns: row.namespace,
      id: row.checkpointId,
      parent: row.parentId,
      exact: row.exactMetadata,
      parts: row.inParts,
      generation,
      run: fence?.runId ?? null,
      epoch: fence?.epoch ?? null,
    };
    return `${JSON.stringify(plain).slice(0, -1)},"checkpoint":${row.checkpoint},"metadata":${row.metadata}}`;
  });
  return `[${items.join(",")}]`;
}

const throughGate = (sql: Sql, parts: readonly object[], whenLocked: WhenLocked) => sql`
    made as (
      insert into checkpoint_gates (thread_id) select thread from allowed where parts and generation is null
      on conflict do nothing returning thread_id, generation
    ), gate as materialized (
      select allowed.n, held.generation from allowed, lateral (
        select generation from checkpoint_gates where thread_id = allowed.thread for share ${skipping(sql, whenLocked)}
      ) as held where allowed.parts
    ), state as materialized (
      select allowed.n, coalesce(made.generation, gate.generation) as generation
      from allowed left join made on made.thread_id = allowed.thread left join gate using (n)
    ), go as materialized (
      select allowed.*, state.generation as found from allowed join state using (n)
      where not allowed.parts or state.generation = coalesce(allowed.generation, state.generation)
    ), put_parts as (
      insert into checkpoint_parts (thread_id, hash, body)
      select go.thread, substring(payload.bytes from p."at" for p.size), substring(payload.bytes from p.body for p.length)
      from payload, go join jsonb_to_recordset(${JSON.stringify(parts)}::jsonb) as p(n int, "at" int, size int, body int, length int) using (n)
      on conflict do nothing
    )`;

const skipping = (sql: Sql, whenLocked: WhenLocked) => (whenLocked === "leave" ? sql`skip locked` : sql``);
