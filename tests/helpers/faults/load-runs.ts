import { randomUUID } from "node:crypto";
import type { Database } from "#db/client.ts";
import { eventually } from "../runtime.ts";
import type { Fleet } from "./fleet.ts";
import type { Ledger } from "./ledger.ts";

/** Runs of the `steps` graph, one a thread, as a client sent them. */
export interface SentRuns {
  readonly ids: readonly string[];
  readonly steps: number;
}

export interface RunLoad {
  /** At least. */
  runs: number;
  steps: number;
  /** Of each step. */
  ms: number;
  durability?: "sync" | "async" | "exit";
  /** Goes on, in the time that its runs take, until this is true. */
  enough?: () => boolean;
}

/** Sends runs, some at a time. A request that meets a server that is away is sent again, as the SDK's own retries would. */
export async function sendRuns(fleet: Fleet, input: RunLoad): Promise<SentRuns> {
  const ids: string[] = [];
  let left = input.runs;
  const sender = async (index: number) => {
    while (left > 0 || (index === 0 && input.enough?.() === false)) {
      if (left <= 0) await new Promise((resolve) => setTimeout(resolve, input.steps * input.ms));
      left -= 1;
      ids.push(await sendOne(fleet, index, input));
    }
  };
  await Promise.all(Array.from({ length: Math.min(8, input.runs) }, (_, index) => sender(index)));
  return { ids, steps: input.steps };
}

async function sendOne(fleet: Fleet, index: number, input: RunLoad): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // a thread of its own each time: a request whose answer was lost may have left a run behind, which nobody waits for
      const run = await fleet.client(index).runs.create(randomUUID(), "steps", {
        input: { steps: input.steps, ms: input.ms },
        ifNotExists: "create",
        durability: input.durability ?? "sync",
      });
      return run.run_id;
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Waits until every run is over. */
export async function allOver(database: Database, sent: SentRuns): Promise<void> {
  await eventually(
    async () => {
      try {
        const [row] = await database.sql<{ n: number }[]>`select count(*)::int as n from runs where status in ('pending', 'running')`;
        return row?.n ?? -1;
      } catch {
        return -1;
      }
    },
    (active) => active === 0,
  );
  if (sent.ids.length === 0) throw new Error("nothing was sent");
}

/** What is wrong with runs that are over: lost, failed, not finished, or with effects that are missing. Empty when all is well. */
export async function faultsOf(database: Database, ledger: Ledger, sent: SentRuns): Promise<string[]> {
  const rows = await database.sql<{ run_id: string; status: string; error: unknown; done: unknown }[]>`
    select r.run_id, r.status, r.error, t."values" -> 'done' as done from runs r join threads t using (thread_id) where r.run_id = any(${[...sent.ids]}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.run_id, row]));
  const keys = await ledger.keys();
  const expected = JSON.stringify(Array.from({ length: sent.steps }, (_, index) => index + 1));
  const faults: string[] = [];
  for (const id of sent.ids) {
    const row = byId.get(id);
    if (row === undefined) faults.push(`${id} is lost`);
    else if (row.status !== "success") faults.push(`${id} is ${row.status}: ${JSON.stringify(row.error)}`);
    else if (JSON.stringify(row.done) !== expected) faults.push(`${id} did ${JSON.stringify(row.done)}`);
    for (let step = 1; step <= sent.steps; step += 1) if (!keys.has(`${id}:${step}`)) faults.push(`${id} has no effect of step ${step}`);
  }
  return faults;
}
