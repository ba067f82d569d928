/**
 * npm run bench [-- PART…]: measures what the README and docs claim, beside LangChain's own development server on the same graphs.
 *
 *   start     from spawn to the first answer
 *   compare   latency and throughput against the peer, in turns
 *   growth    the cost of a turn as a conversation grows
 *   long      what a long conversation costs beside MemorySaver, and a step on a pruned one beside a new one
 *   limit     what a bare INSERT and SELECT cost on the same databases
 *   idle      memory of idle event streams
 *
 * All parts when none is named. With DATABASE_URL (and REDIS_URL) set, a second server of ours runs there.
 * BENCH_ROUNDS (5), BENCH_TURNS (100) and BENCH_STREAMS (10000) change the sizes. Writes bench/results/<day>.json. These are figures of
 * one run on one machine: compare ratios, not milliseconds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbedded } from "#db/embedded.ts";
import { migrate } from "#db/migrate.ts";
import { compare, compareGrowth } from "./compare.ts";
import { idleStreams } from "./idle-streams.ts";
import { longThread } from "./long-thread.ts";
import { physicalLimit } from "./physical-limit.ts";
import { installPeer, startPeer } from "./servers/peer-process.ts";
import { startSlipway } from "./servers/slipway-process.ts";
import { startTimes } from "./start-times.ts";

const PARTS = ["start", "compare", "growth", "long", "limit", "idle"] as const;
const RUNS_AT_A_TIME = 10;

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !PARTS.some((known) => known === part));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}. Parts: ${PARTS.join(", ")}.`);
  process.exit(2);
}
const wanted = (part: (typeof PARTS)[number]) => asked.length === 0 || asked.includes(part);
const size = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const outside =
  process.env["DATABASE_URL"] === undefined
    ? null
    : { DATABASE_URL: process.env["DATABASE_URL"], REDIS_URL: process.env["REDIS_URL"], SECRETS_KEY: Buffer.alloc(32, 1).toString("base64") };
const EMBEDDED = { DATABASE_URL: undefined, REDIS_URL: undefined };
const outsideName = outside?.REDIS_URL === undefined ? "postgresql" : "postgresql+redis";

const results: Record<string, unknown> = { machine: `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? "unknown"}`, node: process.version };
const keep = (part: string, result: unknown) => {
  results[part] = result;
  console.log(`${part}: ${JSON.stringify(result, null, 2)}`);
};

const dataDir = mkdtempSync(join(tmpdir(), "slipway-bench-"));
try {
  if (wanted("start")) keep("start", { embedded: await startTimes(EMBEDDED), ...(outside && { [outsideName]: await startTimes(outside) }) });
  if (wanted("compare") || wanted("growth")) {
    installPeer();
    await using stack = new AsyncDisposableStack();
    const jobs = { N_JOBS_PER_WORKER: String(RUNS_AT_A_TIME) };
    const servers = [
      stack.use(await startSlipway("embedded", { ...EMBEDDED, ...jobs, DATA_DIR: join(dataDir, "embedded") })),
      ...(outside === null ? [] : [stack.use(await startSlipway(outsideName, { ...outside, ...jobs, DATA_DIR: join(dataDir, "outside") }))]),
      stack.use(await startPeer(RUNS_AT_A_TIME)),
    ];
    if (wanted("compare")) results["compare"] = await compare(servers, size("BENCH_ROUNDS", 5), (line) => console.log(line));
    if (wanted("growth")) keep("growth", await compareGrowth(servers, size("BENCH_TURNS", 100)));
  }
  if (wanted("long")) {
    await using embedded = await openEmbedded(join(dataDir, "long"));
    await migrate(embedded);
    keep("long", { embedded: await longThread(embedded.url, size("BENCH_TURNS", 100)) });
  }
  if (wanted("limit")) {
    await using embedded = await openEmbedded(join(dataDir, "limit"));
    keep("limit", { embedded: await physicalLimit(embedded.url), ...(outside && { postgresql: await physicalLimit(outside.DATABASE_URL) }) });
  }
  if (wanted("idle")) {
    await using server = await startSlipway("embedded", { ...EMBEDDED, DATA_DIR: join(dataDir, "idle") });
    keep("idle", await idleStreams(server, size("BENCH_STREAMS", 10_000)));
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
mkdirSync("bench/results", { recursive: true });
writeFileSync(`bench/results/${new Date().toISOString().slice(0, 10)}.json`, `${JSON.stringify(results, null, 2)}\n`);
