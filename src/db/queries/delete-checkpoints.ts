import { partsBelow } from "./checkpoint-parts-sql.ts";
import type { Transaction } from "./sql.ts";

/**
 * Everything that deletes from a thread works the same way: first it changes the thread's gate, which waits for puts in flight and
 * makes every put after it look again (see `put-checkpoints.ts`); then it deletes checkpoints; then what no checkpoint needs any more.
 * The gate comes in a statement of its own, so that the deletions see all that was committed before it.
 */
export async function closeGate(sql: Transaction, threadId: string): Promise<void> {
  await sql`insert into checkpoint_gates (thread_id) values (${threadId}) on conflict (thread_id) do update set generation = checkpoint_gates.generation + 1`;
}

/** Deletes all of these threads. */
export async function deleteThreadCheckpoints(sql: Transaction, threadIds: readonly string[]): Promise<void> {
  const ids = sql`any(${[...threadIds].toSorted()}::text[])`;
  // one round trip: each statement is sent before the one before it has answered, and still runs after it
  await Promise.all([
    ...threadIds.toSorted().map((threadId) => closeGate(sql, threadId)),
    sql`delete from checkpoints where thread_id = ${ids}`,
    sql`delete from checkpoint_writes where thread_id = ${ids}`,
    sql`delete from checkpoint_blobs where thread_id = ${ids}`,
    sql`delete from checkpoint_parts where thread_id = ${ids}`,
    sql`delete from checkpoint_gates where thread_id = ${ids}`,
  ]);
}

/** Deletes the checkpoints that these runs wrote (`metadata.run_id`); returns how many. Older ones stay and are the newest again. */
export async function deleteRunCheckpoints(sql: Transaction, threadId: string, runIds: readonly string[]): Promise<number> {
  await closeGate(sql, threadId);
  const gone = await sql`
    delete from checkpoints where thread_id = ${threadId} and metadata ->> 'run_id' = any(${[...runIds]}::text[])`;
  await deleteUnreferenced(sql, threadId);
  return gone.count;
}

/**
 * Deletes what a run that is over wrote, from the ends of its lines back to what others stand on: a checkpoint that one of somebody else
 * descends from stays, and so do subgraphs of checkpoints that stay. Where what the run began at was pruned nothing goes: there is nothing to go
 * back to, and what others said before stands in its checkpoints alone. Returns how many went. For threads at rest.
 */
export async function deleteRunEnds(sql: Transaction, threadId: string, runId: string): Promise<number> {
  await closeGate(sql, threadId);
  const gone = await sql`
    with recursive mine as materialized (
      select checkpoint_ns as ns, checkpoint_id as id, metadata -> 'parents' ->> '' as root
      from checkpoints where thread_id = ${threadId} and metadata ->> 'run_id' = ${runId}
    ), stays(ns, id) as (
      select checkpoint_ns, parent_checkpoint_id from checkpoints
      where thread_id = ${threadId} and parent_checkpoint_id is not null and metadata ->> 'run_id' is distinct from ${runId}
      union
      select c.checkpoint_ns, c.parent_checkpoint_id from stays
      join checkpoints c on c.thread_id = ${threadId} and c.checkpoint_ns = stays.ns and c.checkpoint_id = stays.id
      where c.parent_checkpoint_id is not null
    ), pruned as materialized (
      select 1 from checkpoints c where c.thread_id = ${threadId} and c.checkpoint_ns = '' and c.metadata ->> 'run_id' = ${runId}
        and c.parent_checkpoint_id is not null and not exists (
          select 1 from checkpoints p where p.thread_id = c.thread_id and p.checkpoint_ns = c.checkpoint_ns and p.checkpoint_id = c.parent_checkpoint_id
        )
    )
    delete from checkpoints c using mine
    where c.thread_id = ${threadId} and c.checkpoint_ns = mine.ns and c.checkpoint_id = mine.id and not exists (select 1 from pruned)
      and not exists (select 1 from stays where stays.ns = mine.ns and stays.id = mine.id)
      and (mine.ns = '' or mine.root is null or not exists (select 1 from stays where stays.ns = '' and stays.id = mine.root))`;
  if (gone.count > 0) await deleteUnreferenced(sql, threadId);
  return gone.count;
}

/**
 * Keeps the newest `keep` checkpoints of every namespace, plus what they cannot be read without; returns how many went.
 *   - A subgraph's namespace names its task (`node:task`). One whose parent checkpoint goes is over and goes too.
 *   - A DeltaChannel is rebuilt from its ancestors: as many stay as the counter in the metadata says steps since the last snapshot.
 */
export async function pruneCheckpoints(sql: Transaction, threadId: string, keep: number): Promise<number> {
  await closeGate(sql, threadId);
  const gone = await sql`
      with recursive ranked as (
        select checkpoint_ns as ns, checkpoint_id as id, parent_checkpoint_id as parent, metadata,
          row_number() over (partition by checkpoint_ns order by checkpoint_id desc) as place
        from checkpoints where thread_id = ${threadId}
      ), newest as (
        select ns, id, parent,
          coalesce((select max((value ->> 1)::int) + 1 from jsonb_each(metadata -> 'counters_since_delta_snapshot')), 0) as ancestors
        from ranked one
        where place <= ${keep} and (
          ns not like '%:%' or not coalesce(metadata -> 'parents' ? '', false)
          or exists (select 1 from ranked root where root.ns = '' and root.place <= ${keep} and root.id = one.metadata -> 'parents' ->> '')
        )
      ), kept(ns, id, parent, ancestors) as (
        select * from newest
        union
        select c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, kept.ancestors - 1
        from kept join checkpoints c on c.thread_id = ${threadId} and c.checkpoint_ns = kept.ns and c.checkpoint_id = kept.parent
        where kept.ancestors > 0
      )
      delete from checkpoints c where c.thread_id = ${threadId}
        and not exists (select 1 from kept where kept.ns = c.checkpoint_ns and kept.id = c.checkpoint_id)`;
  await deleteUnreferenced(sql, threadId);
  return gone.count;
}

/** Writes without their checkpoint, values that no checkpoint names, parts below no value. Needs the closed gate. */
async function deleteUnreferenced(tx: Transaction, threadId: string): Promise<void> {
  await tx`
    delete from checkpoint_writes w where thread_id = ${threadId} and not exists (
      select 1 from checkpoints c where c.thread_id = w.thread_id and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.checkpoint_id
    )`;
  await tx`
    delete from checkpoint_blobs b using (
      select checkpoint_ns, channel, version from checkpoint_blobs where thread_id = ${threadId}
      except
      select c.checkpoint_ns, v.key, v.value from checkpoints c cross join lateral jsonb_each_text(c.checkpoint -> 'channel_versions') v where c.thread_id = ${threadId}
    ) unused
    where b.thread_id = ${threadId} and b.checkpoint_ns = unused.checkpoint_ns and b.channel = unused.channel and b.version = unused.version`;
  await tx`
    with recursive root as (
      select thread_id, type, blob from checkpoint_blobs where thread_id = ${threadId} and type = 'list'
    ), ${partsBelow(tx, "root")}
    delete from checkpoint_parts p where p.thread_id = ${threadId} and not exists (select 1 from part where part.hash = p.hash)`;
}
