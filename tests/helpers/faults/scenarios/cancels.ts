import { expect } from "vitest";
import { percentile, say } from "../facts.ts";
import { eventually } from "../../runtime.ts";
import { heldRuns, markHistory, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

/**
 * Cancels of runs that wait, that run, and whose worker dies at that moment: heard by a node, within a time where the machine has nothing else to
 * do, and never tried again.
 */
export async function cancels(world: World, input: { runs: number; kills: number; heardWithinMs?: number }): Promise<void> {
  const { db, fleet, ledger } = world;
  const since = await markHistory(db.database);
  const { sql } = db.database;
  const client = fleet.client();
  const start = async (more: object = {}) =>
    client.runs.create(crypto.randomUUID(), "steps", { input: { steps: 5, ms: 60_000 }, ifNotExists: "create", ...more });
  const inStep = (runId: string) =>
    eventually(
      async () => (await ledger.database.sql`select 1 from begun where run_id = ${runId}`).length,
      (begun) => begun > 0,
    );

  // not begun yet
  const waiting = await start({ afterSeconds: 3_600 });
  await client.runs.cancel(waiting.thread_id, waiting.run_id, true);
  expect((await client.runs.get(waiting.thread_id, waiting.run_id)).status).toBe("interrupted");

  // in a node
  const told: number[] = [];
  for (let index = 0; index < input.runs; index += 1) {
    const run = await start();
    await inStep(run.run_id);
    const [clock] = await sql<{ at: number }[]>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`;
    await fleet.client(index).runs.cancel(run.thread_id, run.run_id, true);
    const [heard] = await eventually(
      () => ledger.database.sql<{ at: number }[]>`select (extract(epoch from at) * 1000)::float8 as at from told where run_id = ${run.run_id}`,
      (rows) => rows.length > 0,
    );
    told.push((heard?.at ?? 0) - (clock?.at ?? 0));
    expect((await client.runs.get(run.thread_id, run.run_id)).status).toBe("interrupted");
  }

  // while its worker dies: the one that takes it over ends it, and does nothing of it
  let hits = 0;
  for (let index = 0; index < input.kills; index += 1) {
    const run = await start();
    await inStep(run.run_id);
    const held = await heldRuns(db.database);
    const victim = fleet.workers.find((worker) => held.get(worker.pid)?.includes(run.run_id));
    if (victim === undefined) throw new Error("nobody holds the run");
    victim.process.kill("SIGSTOP");
    await client.runs.cancel(run.thread_id, run.run_id, false);
    await victim.end("SIGKILL");
    hits += 1;
    await fleet.add("worker");
    await eventually(
      async () => (await client.runs.get(run.thread_id, run.run_id)).status,
      (status) => status !== "running" && status !== "pending",
    );
    expect((await client.runs.get(run.thread_id, run.run_id)).status).toBe("interrupted");
    expect(await ledger.database.sql`select 1 from begun where run_id = ${run.run_id}`).toHaveLength(1);
  }
  const history = await readHistory(db.database, since);
  const again = history.filter(
    (change) => change.status === "running" && history.some((end) => end.run_id === change.run_id && end.id < change.id && end.status === "interrupted"),
  );
  say("cancel", {
    runs: input.runs,
    "heard p50 ms": Math.round(percentile(told, 0.5)),
    "max ms": Math.round(Math.max(...told)),
    "dying workers": hits,
    "tried again": again.length,
  });
  expect(again).toEqual([]);
  // by a hint, not by the heartbeat that comes twice in a second at this lease; on a busy machine the median says it
  if (input.heardWithinMs !== undefined) expect(percentile(told, 0.5)).toBeLessThan(input.heardWithinMs);
}
