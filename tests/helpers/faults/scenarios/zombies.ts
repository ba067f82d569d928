import { expect } from "vitest";
import { say } from "../facts.ts";
import { eventually } from "../../runtime.ts";
import { allOver, faultsOf, sendRuns } from "../load-runs.ts";
import { endedTwice, heldRuns, markHistory, pidOf, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

/**
 * SIGSTOP of a worker until its runs were taken over, then SIGCONT, several times. What it still does is refused: no checkpoint, no second end.
 */
export async function zombies(world: World, input: { runs: number; steps: number; ms: number; rounds: number; durability: "sync" | "async" }): Promise<void> {
  const { db, fleet, ledger } = world;
  const since = await markHistory(db.database);
  let rounds = 0;
  let taken = 0;
  const sending = sendRuns(fleet, { ...input, enough: () => rounds >= input.rounds });
  for (; rounds < input.rounds; rounds += 1) {
    const { worker, held } = await stopHolder(world);
    taken += held.length;
    const before = await checkpointsOf(world, held);
    await expect.poll(async () => (await heldRuns(db.database)).get(worker.pid) ?? []).toEqual([]);
    worker.process.kill("SIGCONT");
    // a run whose worker goes away again and again at one step is given up, so what was taken over takes a step before the next is stopped
    await eventually(
      () => checkpointsOf(world, held),
      (now) => held.every((run) => !now.has(run) || (now.get(run) ?? 0) > (before.get(run) ?? 0)),
    );
  }
  const sent = await sending;
  await allOver(db.database, sent);
  const history = await readHistory(db.database, since);
  const zombieEnds = history.filter((change) => isEndOfOther(history, change));
  const forks = await forkedThreads(world);
  say(`stopped and woken (${input.durability})`, {
    runs: sent.ids.length,
    rounds,
    "runs taken over": taken,
    "ends by a zombie": zombieEnds.length,
    "second lines of history": forks,
    "effects repeated without a key": await ledger.duplicates(sent.ids),
  });
  expect(await faultsOf(db.database, ledger, sent)).toEqual([]);
  expect(endedTwice(history)).toEqual([]);
  expect(zombieEnds).toEqual([]);
  expect(forks).toBe(0);
  expect(taken).toBeGreaterThanOrEqual(input.rounds);
}

/** An end whose worker is not the last that claimed the run. */
function isEndOfOther(history: Awaited<ReturnType<typeof readHistory>>, end: (typeof history)[number]): boolean {
  if (end.op !== "UPDATE" || end.was !== "running" || ["running", "pending"].includes(end.status)) return false;
  const claim = history.findLast((change) => change.run_id === end.run_id && change.id < end.id && change.status === "running");
  return claim !== undefined && pidOf(claim.worker) !== pidOf(end.worker);
}

/** Checkpoints of which two others are children: somebody wrote who did not know of the other. */
async function forkedThreads(world: World): Promise<number> {
  const [row] = await world.db.database.sql<{ n: number }[]>`
    select count(*)::int as n from (select thread_id, parent_checkpoint_id from checkpoints where checkpoint_ns = '' group by 1, 2 having count(*) > 1) as forks`;
  return row?.n ?? 0;
}

/** How many checkpoints the threads of these runs have, of those that are not over. */
async function checkpointsOf(world: World, runs: readonly string[]): Promise<Map<string, number>> {
  const rows = await world.db.database.sql<{ run_id: string; n: number }[]>`
    select r.run_id, (select count(*)::int from checkpoints c where c.thread_id = r.thread_id::text) as n
    from runs r where r.run_id = any(${[...runs]}::uuid[]) and r.status in ('pending', 'running')`;
  return new Map(rows.map(({ run_id, n }) => [run_id, n]));
}

/** Stops a worker in the midst of some runs; one whose last run had just ended goes on. */
async function stopHolder(world: World) {
  for (;;) {
    const worker = await holder(world);
    worker.process.kill("SIGSTOP");
    const held = (await heldRuns(world.db.database)).get(worker.pid) ?? [];
    if (held.length > 0) return { worker, held };
    worker.process.kill("SIGCONT");
  }
}

async function holder(world: World) {
  const [worker] = await eventually(
    async () => {
      const held = await heldRuns(world.db.database);
      return world.fleet.workers.filter((one) => held.has(one.pid));
    },
    (busy) => busy.length > 0,
  );
  if (worker === undefined) throw new Error("nobody holds a run");
  return worker;
}
