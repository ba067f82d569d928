import type { Database } from "#db/client.ts";

/** One change of a run's row, as the database saw it. */
export interface Change {
  id: number;
  /** Milliseconds since 1970 by the database's clock. */
  at: number;
  run_id: string;
  thread_id: string;
  op: "INSERT" | "UPDATE" | "DELETE";
  status: string;
  was: string | null;
  worker: string | null;
  epoch: number;
}

/** Writes down every change of the run table from now on, by a trigger: what happened can be proved afterwards, whoever was killed. */
export async function recordRuns(database: Database): Promise<void> {
  await database.sql.unsafe(`
    create table run_history (id bigserial primary key, at timestamptz not null default clock_timestamp(), run_id uuid not null, thread_id uuid not null,
      op text not null, status text not null, was text, worker text, epoch bigint not null);
    create function write_run_history() returns trigger language plpgsql as $$ begin
      if tg_op = 'DELETE' then insert into run_history (run_id, thread_id, op, status, was, worker, epoch) values (old.run_id, old.thread_id, tg_op, old.status, old.status, old.worker, old.epoch);
      elsif tg_op = 'INSERT' then insert into run_history (run_id, thread_id, op, status, worker, epoch) values (new.run_id, new.thread_id, tg_op, new.status, new.worker, new.epoch);
      elsif new.status <> old.status or new.epoch <> old.epoch then insert into run_history (run_id, thread_id, op, status, was, worker, epoch) values (new.run_id, new.thread_id, tg_op, new.status, old.status, new.worker, new.epoch);
      end if;
      return null; end $$;
    create trigger run_history after insert or update or delete on runs for each row execute function write_run_history();`);
}

/** Where the history stands, for `readHistory`. */
export async function markHistory(database: Database): Promise<number> {
  const [row] = await database.sql<{ id: number }[]>`select coalesce(max(id), 0)::float8 as id from run_history`;
  return row?.id ?? 0;
}

/** What happened after a mark, in order. */
export async function readHistory(database: Database, since = 0): Promise<Change[]> {
  return database.sql<Change[]>`
    select id::float8 as id, (extract(epoch from at) * 1000)::float8 as at, run_id, thread_id, op, status, was, worker, epoch::float8 as epoch from run_history where id > ${since} order by id`;
}

const FINAL = new Set(["success", "error", "timeout", "interrupted"]);

/** Runs that ended more than once, or whose status changed after their end. */
export function endedTwice(history: readonly Change[]): string[] {
  const ended = new Set<string>();
  const wrong = new Set<string>();
  for (const change of history) {
    if (change.op !== "UPDATE") continue;
    if (ended.has(change.run_id)) wrong.add(change.run_id);
    if (FINAL.has(change.status)) ended.add(change.run_id);
  }
  return [...wrong];
}

/** Most runs of one thread that were ever running at one time. */
export function mostAtOnce(history: readonly Change[]): number {
  const running = new Map<string, Set<string>>();
  let most = 0;
  for (const change of history) {
    const those = running.get(change.thread_id) ?? new Set<string>();
    running.set(change.thread_id, those);
    if (change.op !== "DELETE" && change.status === "running") those.add(change.run_id);
    else those.delete(change.run_id);
    most = Math.max(most, those.size);
  }
  return most;
}

/** The process of a worker's name (`host:pid:random`). */
export function pidOf(worker: string | null): number | null {
  const pid = Number(worker?.split(":").at(-2));
  return Number.isInteger(pid) ? pid : null;
}

/** Runs that each process holds now, by pid. */
export async function heldRuns(database: Database): Promise<Map<number, string[]>> {
  const rows = await database.sql<{ run_id: string; worker: string }[]>`select run_id, worker from runs where status = 'running' and worker is not null`;
  const held = new Map<number, string[]>();
  for (const { run_id, worker } of rows) {
    const pid = pidOf(worker);
    if (pid !== null) held.set(pid, [...(held.get(pid) ?? []), run_id]);
  }
  return held;
}
