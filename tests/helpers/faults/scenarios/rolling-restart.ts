import { expect } from "vitest";
import { percentile, say } from "../facts.ts";
import { allOver, faultsOf, sendRuns } from "../load-runs.ts";
import { type Change, endedTwice, heldRuns, markHistory, pidOf, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

/**
 * SIGTERM of every worker in turn, again and again, each replaced before it. No run is ended by it or done again: each is handed back at a
 * step's boundary and taken by another worker at once.
 */
export async function rollingRestart(world: World, input: { runs: number; steps: number; ms: number; rounds: number }): Promise<void> {
  const { db, fleet, ledger } = world;
  const since = await markHistory(db.database);
  let hits = 0;
  let enough = false;
  const sending = sendRuns(fleet, { ...input, enough: () => enough });
  for (let rounds = 1; !enough; rounds += 1) {
    for (const worker of fleet.workers) {
      await fleet.add("worker");
      // one that holds something: the others are no test
      await expect.poll(async () => (await heldRuns(db.database)).has(worker.pid)).toBe(true);
      expect(await worker.end("SIGTERM")).toBe(0);
      hits += 1;
    }
    // nor is one whose runs were all at their last step
    enough = rounds >= input.rounds && (await readHistory(db.database, since)).filter(isHandedBack).length >= input.rounds;
  }
  const sent = await sending;
  await allOver(db.database, sent);
  const history = await readHistory(db.database, since);
  const waits: number[] = [];
  let takenOver = 0;
  for (const [index, change] of history.entries()) {
    if (change.op === "UPDATE" && change.was === "running" && change.status === "running") takenOver += 1;
    if (!isHandedBack(change)) continue;
    const next = history.slice(index + 1).find((later) => later.run_id === change.run_id && later.status === "running");
    if (next !== undefined && pidOf(next.worker) !== null) waits.push(next.at - change.at);
  }
  const duplicates = await ledger.duplicates(sent.ids);
  say("rolling restart", {
    runs: sent.ids.length,
    restarts: hits,
    "runs handed back": waits.length,
    "taken again p50 ms": Math.round(percentile(waits, 0.5)),
    "p99 ms": Math.round(percentile(waits, 0.99)),
    "effects repeated without a key": duplicates,
  });
  expect(await faultsOf(db.database, ledger, sent)).toEqual([]);
  expect(endedTwice(history)).toEqual([]);
  expect(waits.length).toBeGreaterThanOrEqual(input.rounds);
  expect(takenOver).toBe(0);
  expect(duplicates).toBe(0);
}

function isHandedBack(change: Change): boolean {
  return change.op === "UPDATE" && change.was === "running" && change.status === "pending";
}
