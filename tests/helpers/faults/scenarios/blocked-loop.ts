import { expect } from "vitest";
import { say } from "../facts.ts";
import { readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

/** A node that keeps its process's event loop busy for several leases: the heartbeat comes from a thread of its own, so nobody takes the run over. */
export async function blockedLoop(world: World, input: { blockMs: number; leaseSeconds: number }): Promise<void> {
  const { db, fleet, ledger } = world;
  const client = fleet.client();
  const run = await client.runs.create(crypto.randomUUID(), "steps", { input: { steps: 1, block: input.blockMs }, ifNotExists: "create" });
  await client.runs.join(run.thread_id, run.run_id);
  const claims = (await readHistory(db.database)).filter((change) => change.run_id === run.run_id && change.status === "running");
  const begun = await ledger.database.sql`select 1 from begun where run_id = ${run.run_id}`;
  say("blocked event loop", { "blocked ms": input.blockMs, "lease ms": input.leaseSeconds * 1_000, claims: claims.length, "times begun": begun.length });
  expect(input.blockMs).toBeGreaterThan(input.leaseSeconds * 1_000);
  expect(claims).toHaveLength(1);
  expect(begun).toHaveLength(1);
  expect((await client.runs.get(run.thread_id, run.run_id)).status).toBe("success");
}
