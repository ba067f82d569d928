import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Database } from "#db/client.ts";
import { chanceOf, SEED } from "../chance.ts";
import { say } from "../facts.ts";
import type { Fleet } from "../fleet.ts";
import type { Ledger } from "../ledger.ts";
import { allOver, faultsOf, sendRuns } from "../load-runs.ts";
import type { PostgresServer } from "../postgres-server.ts";
import type { RedisServer } from "../redis-server.ts";
import { endedTwice, heldRuns, readHistory } from "../run-history.ts";

export interface DatabaseAway {
  database: Database;
  fleet: Fleet;
  ledger: Ledger;
  postgres: PostgresServer;
  redis: RedisServer | null;
}

/**
 * The database loses its connections, restarts, crashes and stays away for a while (with Redis, when there is one), under load. Every process
 * lives on, subscribes again and keeps its leases; no run fails of it; requests meanwhile are told when to come again.
 */
export async function databaseAway(world: DatabaseAway, input: { runs: number; steps: number; ms: number; rounds: number; downMs: number }): Promise<void> {
  const { database, fleet, ledger, postgres, redis } = world;
  const chance = chanceOf(SEED);
  const pids = fleet.members.map((member) => member.pid);
  let rounds = 0;
  let hits = 0;
  let refused = 0;
  const sending = sendRuns(fleet, { ...input, enough: () => rounds >= input.rounds });
  const kinds = ["terminate", "fast", "terminate", "crash"] as const;
  while (rounds < input.rounds) {
    const held = await heldRuns(database).catch(() => new Map<number, string[]>());
    if (held.size === 0) {
      await pause(20);
      continue;
    }
    const kind = kinds[rounds % kinds.length] ?? "terminate";
    if (kind === "terminate") {
      await database.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
    } else {
      await Promise.all([postgres.stop(kind), redis?.kill()]);
      refused += await isRefused(fleet);
      await pause(input.downMs * (0.5 + chance.next()));
      await postgres.start();
      await redis?.start();
    }
    hits += 1;
    rounds += 1;
    await pause(300 + chance.below(300));
  }
  const sent = await sending;
  await allOver(database, sent);
  const history = await eventuallyRead(database);
  const interrupted = history.filter((change) => change.op === "UPDATE" && change.was === "running" && change.status === "pending").length;
  const takenOver = history.filter((change) => change.op === "UPDATE" && change.was === "running" && change.status === "running").length;
  say("database away", {
    runs: sent.ids.length,
    rounds,
    hits,
    "handed back": interrupted,
    "taken over": takenOver,
    "requests told to come again": refused,
    "effects repeated without a key": await ledger.duplicates(sent.ids),
  });
  expect(await faultsOf(database, ledger, sent)).toEqual([]);
  expect(endedTwice(history)).toEqual([]);
  expect(fleet.members.filter((member) => member.isAlive()).map((member) => member.pid)).toEqual(pids);
  // subscribed again, each of them
  await expect.poll(() => listeners(database)).toBe(pids.length);
  expect(await keepsItsLease(fleet, database)).toBe(1);
}

/** A request while the database is down: 503, with a time. */
async function isRefused(fleet: Fleet): Promise<number> {
  const url = fleet.servers[0]?.url ?? "";
  for (;;) {
    const answer = await fetch(`${url}/threads`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    await answer.text();
    if (answer.status === 200) continue;
    expect({ status: answer.status, code: answer.headers.get("x-error-code"), after: answer.headers.get("retry-after") }).toEqual({
      status: 503,
      code: "database_unavailable",
      after: "1",
    });
    return 1;
  }
}

async function eventuallyRead(database: Database) {
  for (;;) {
    try {
      return await readHistory(database);
    } catch {
      await pause(50);
    }
  }
}

async function listeners(database: Database): Promise<number> {
  const [row] = await database.sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity where datname = current_database() and query ilike 'listen "slipway%'`;
  return row?.n ?? 0;
}

/** Attempts of a run that takes longer than a lease: 1 when heartbeats come. */
async function keepsItsLease(fleet: Fleet, database: Database): Promise<number> {
  const run = await fleet.client().runs.create(crypto.randomUUID(), "steps", { input: { steps: 1, ms: 5_000 }, ifNotExists: "create" });
  await fleet.client().runs.join(run.thread_id, run.run_id);
  const [row] = await database.sql<{ attempt: number }[]>`select attempt from runs where run_id = ${run.run_id}`;
  return row?.attempt ?? 0;
}
