/**
 * The runtime's promises at length, on real processes: what `tests/integration/faults` does in small. Each test prints a line of facts and fails
 * when its faults did not hit.
 *
 * CHAOS_SEED repeats a run. CHAOS_SCALE multiplies runs, rounds and streams (default 0.1; 1 is the whole of it, an hour on two cores).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openDatabase } from "#db/client.ts";
import { migrate } from "#db/migrate.ts";
import { testDatabase } from "../helpers/database.ts";
import { say } from "../helpers/faults/facts.ts";
import { Fleet } from "../helpers/faults/fleet.ts";
import { openLedger } from "../helpers/faults/ledger.ts";
import { startPostgres } from "../helpers/faults/postgres-server.ts";
import { noRedisServer, startRedis } from "../helpers/faults/redis-server.ts";
import { recordRuns } from "../helpers/faults/run-history.ts";
import { blockedLoop } from "../helpers/faults/scenarios/blocked-loop.ts";
import { cancels } from "../helpers/faults/scenarios/cancels.ts";
import { ALL_POINTS, crashPoints } from "../helpers/faults/scenarios/crash-points.ts";
import { databaseAway } from "../helpers/faults/scenarios/database-away.ts";
import { droppedStreams } from "../helpers/faults/scenarios/dropped-streams.ts";
import { killWorkers } from "../helpers/faults/scenarios/kill-workers.ts";
import { multitaskAtOnce } from "../helpers/faults/scenarios/multitask.ts";
import { answersAfterRestart, oneAnswerOfMany } from "../helpers/faults/scenarios/resumes.ts";
import { rollingRestart } from "../helpers/faults/scenarios/rolling-restart.ts";
import { slowReader } from "../helpers/faults/scenarios/slow-reader.ts";
import { openWorld } from "../helpers/faults/scenarios/world.ts";
import { zombies } from "../helpers/faults/scenarios/zombies.ts";

const SCALE = Number(process.env["CHAOS_SCALE"] ?? "0.1");
const scaled = (whole: number, least = 1) => Math.max(least, Math.round(whole * SCALE));
const LONG = { timeout: 3_600_000 };

test("SIGKILL of a worker every second", LONG, async () => {
  // the lease of production: what recovery takes is measured here
  await using world = await openWorld({ servers: 1, workers: 4 }, { leaseSeconds: 10 });
  await killWorkers(world, { runs: scaled(1_000), steps: 5, ms: 200, everyMs: 1_000, kills: scaled(60, 5) });
});

test("SIGTERM of all workers, again and again", LONG, async () => {
  await using world = await openWorld({ servers: 1, workers: 2 }, { leaseSeconds: 10 });
  await rollingRestart(world, { runs: scaled(500), steps: 5, ms: 150, rounds: scaled(10, 2) });
});

test.each(["sync", "async"] as const)("SIGSTOP past the lease, then SIGCONT (%s)", LONG, async (durability) => {
  await using world = await openWorld({ servers: 1, workers: 3 });
  await zombies(world, { runs: scaled(200), steps: 5, ms: 150, rounds: scaled(30, 3), durability });
});

test("a node that blocks the event loop for a minute at most", LONG, async () => {
  await using world = await openWorld({ servers: 1, workers: 2 });
  await blockedLoop(world, { blockMs: scaled(60_000, 8_000), leaseSeconds: 2 });
});

test("streams that are dropped and resumed over two servers", LONG, async () => {
  await using world = await openWorld({ servers: 2, workers: 2 }, { jobs: 20 });
  await droppedStreams(world, { streams: scaled(1_000), drops: 20, words: 150, ms: 10, atOnce: 20 });
});

test("answers: fifty at once, and after a restart of everything", LONG, async () => {
  await using world = await openWorld({ servers: 2, workers: 2 });
  await oneAnswerOfMany(world, { answers: 50, rounds: scaled(20, 2) });
  await answersAfterRestart(world, { threads: scaled(100, 5), replace: 2 });
});

test("fifty posts at once to one thread, by each strategy", LONG, async () => {
  await using world = await openWorld({ servers: 2, workers: 2 });
  await multitaskAtOnce(world, { posts: 50 });
});

test("cancels", LONG, async () => {
  await using world = await openWorld({ servers: 2, workers: 2 });
  await cancels(world, { runs: scaled(100, 5), kills: scaled(20, 2), heardWithinMs: 1_000 });
});

test("kill -9 before and after each boundary of a run", LONG, async () => {
  await using world = await openWorld({ servers: 1, workers: 0 }, { environment: { WEBHOOK_ALLOW_PRIVATE: "true" } });
  for (let round = 0; round < scaled(10); round += 1) await crashPoints(world, { points: ALL_POINTS, webhookUrl: "http://127.0.0.1:9/nobody" });
});

test("a reader that takes 1 KB a second of 100 MB", LONG, async () => {
  await using world = await openWorld({ servers: 1, workers: 1 });
  await slowReader(world, { megabytes: 100, mostGrowthMb: 50 });
});

test.each([
  ["PostgreSQL", false],
  ["PostgreSQL and Redis together", true],
] as const)("%s away under load", LONG, async (_name, withRedis) => {
  if (withRedis && noRedisServer() !== null) return;
  await using postgres = await startPostgres();
  await using redis = withRedis ? await startRedis() : null;
  const ledger = await openLedger();
  await using database = await openDatabase({ url: postgres.url, poolSize: 2 });
  await migrate(database);
  await recordRuns(database);
  await using fleet = await Fleet.start({ databaseUrl: postgres.url, ledgerUrl: ledger.url, redisUrl: redis?.url ?? null }, { servers: 2, workers: 3 });
  await databaseAway({ database, fleet, ledger, postgres, redis }, { runs: scaled(500), steps: 5, ms: 150, rounds: scaled(40, 4), downMs: 3_000 });
});

test("eight processes that migrate at once, one of them killed", LONG, async () => {
  const db = await testDatabase({ empty: true });
  const migrating = () =>
    spawn(process.execPath, ["src/cli/slipway.ts", "migrate"], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { PATH: process.env["PATH"], DATABASE_URL: db.url },
      stdio: "ignore",
    });
  const all = Array.from({ length: 8 }, migrating);
  const exits = all.map(async (child) => ((await once(child, "exit")) as [number | null])[0]);
  const { sql } = db.database;
  // in the middle: something is there, not all
  await expect.poll(async () => (await sql`select 1 from pg_locks where locktype = 'advisory'`).length).toBeGreaterThan(0);
  all[0]?.kill("SIGKILL");
  const codes = await Promise.all(exits);
  say("migrations", { processes: 8, killed: codes.filter((code) => code === null).length, failed: codes.filter((code) => code !== null && code !== 0).length });
  expect(codes.slice(1).every((code) => code === 0)).toBe(true);
  await migrate({ url: db.url });
});
