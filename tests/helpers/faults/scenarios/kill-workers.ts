import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { chanceOf, SEED } from "../chance.ts";
import { percentile, say } from "../facts.ts";
import { allOver, faultsOf, sendRuns } from "../load-runs.ts";
import { type Change, endedTwice, heldRuns, markHistory, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

/**
 * SIGKILL of a random worker that holds a run, again and again, each replaced at once. Nothing is lost, nothing ends twice, no effect with a
 * key happens twice, and without a key at most as often as a run was interrupted.
 */
export async function killWorkers(world: World, input: { runs: number; steps: number; ms: number; everyMs: number; kills: number }): Promise<void> {
  const { db, fleet, ledger } = world;
  const since = await markHistory(db.database);
  const chance = chanceOf(SEED);
  const kills: { at: number; pid: number; runs: string[] }[] = [];
  const hits = () => kills.filter((kill) => kill.runs.length > 0).length;
  const sending = sendRuns(fleet, { ...input, enough: () => hits() >= input.kills });
  let over = false;
  const waiting = sending.then((sent) => allOver(db.database, sent)).finally(() => (over = true));
  const starting = new Set<Promise<unknown>>();
  while (!over) {
    await Promise.race([pause(input.everyMs), waiting]);
    // one is left alive, or nobody would get on
    if (fleet.workers.length < 2) continue;
    const pids = new Set(fleet.workers.map((worker) => worker.pid));
    const busy = [...(await heldRuns(db.database)).keys()].filter((pid) => pids.has(pid));
    if (busy.length === 0) continue;
    const victim = fleet.workers.find((worker) => worker.pid === chance.pick(busy));
    if (victim === undefined) continue;
    // frozen first, so that what it holds now is what it holds when it dies
    victim.process.kill("SIGSTOP");
    const runs = (await heldRuns(db.database)).get(victim.pid) ?? [];
    const [clock] = await db.database.sql<{ at: number }[]>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`;
    await victim.end("SIGKILL");
    kills.push({ at: clock?.at ?? 0, pid: victim.pid, runs });
    const heir = fleet.add("worker").finally(() => starting.delete(heir));
    starting.add(heir);
  }
  await Promise.all([waiting, ...starting]);
  const sent = await sending;
  const history = await readHistory(db.database, since);
  const recoveries = kills.flatMap((kill) => kill.runs.map((run) => recoveryMs(history, run, kill))).filter((ms) => ms !== null);
  const interrupted = kills.reduce((sum, kill) => sum + kill.runs.length, 0);
  const duplicates = await ledger.duplicates(sent.ids);
  say("kill -9", {
    runs: sent.ids.length,
    steps: input.steps,
    kills: kills.length,
    hits: hits(),
    "runs interrupted": interrupted,
    "recovered p50 ms": Math.round(percentile(recoveries, 0.5)),
    "p99 ms": Math.round(percentile(recoveries, 0.99)),
    "effects repeated without a key": duplicates,
  });
  expect(await faultsOf(db.database, ledger, sent)).toEqual([]);
  expect(endedTwice(history)).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(interrupted);
  expect(hits()).toBeGreaterThanOrEqual(input.kills);
  expect(percentile(recoveries, 0.5)).toBeLessThan(10_000);
}

/** From the kill until another worker took the run; null when its end had been committed already. */
function recoveryMs(history: readonly Change[], run: string, kill: { at: number; pid: number }): number | null {
  const taken = history.find((change) => change.run_id === run && change.at > kill.at && change.status === "running" && change.op === "UPDATE");
  return taken === undefined ? null : taken.at - kill.at;
}
