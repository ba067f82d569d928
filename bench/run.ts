/**
 * npm run bench: measures what the README and docs claim, on the embedded default and, with DATABASE_URL set, there too.
 * Writes bench/results/<day>.json. Figures of one run on one machine: compare ratios, not milliseconds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { startMeasured } from "./server-process.ts";

const ROUNDS = 200;
const WARM_UP = 30;

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2));
}

/** runs/wait of a one-node graph on new threads, one after another. */
async function waitLatency(client: Client) {
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const { thread_id } = await client.threads.create();
    const began = performance.now();
    await client.runs.wait(thread_id, "trivial", { input: { count: 0 } });
    if (round >= WARM_UP) samples.push(performance.now() - began);
  }
  return { p50_ms: percentile(samples, 0.5), p95_ms: percentile(samples, 0.95) };
}

/** Ten-step runs, sequentially and from 16 clients. */
async function stepsPerSecond(client: Client, clients: number, runs: number) {
  const began = performance.now();
  let left = runs;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left > 0) {
        left -= 1;
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "ten_steps", { input: { count: 0 }, durability: "sync" });
      }
    }),
  );
  return Math.round((runs * 10_000) / (performance.now() - began));
}

async function measure(name: string, port: number, environment: Record<string, string | undefined>) {
  const dataDir = mkdtempSync(join(tmpdir(), "slipway-bench-"));
  try {
    const first = await startMeasured(port, { ...environment, DATA_DIR: dataDir });
    const newDirectory = first.startedInMs;
    await first[Symbol.asyncDispose]();
    const starts: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await using again = await startMeasured(port, { ...environment, DATA_DIR: dataDir });
      starts.push(again.startedInMs);
    }
    await using server = await startMeasured(port, { ...environment, DATA_DIR: dataDir, LANGGRAPH_JSON: "bench/graphs/langgraph.json" });
    const client = new Client({ apiUrl: server.url });
    const result = {
      start_new_directory_ms: Math.round(newDirectory),
      start_again_ms: Math.round(percentile(starts, 0.5)),
      runs_wait: await waitLatency(client),
      steps_per_second_sequential: await stepsPerSecond(client, 1, 40),
      steps_per_second_16_clients: await stepsPerSecond(client, 16, 160),
    };
    console.log(name, JSON.stringify(result, null, 2));
    return result;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const results: Record<string, unknown> = { machine: `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? "unknown"}`, node: process.version };
results["embedded"] = await measure("embedded PostgreSQL", 28_471, { DATABASE_URL: undefined, REDIS_URL: undefined });
if (process.env["DATABASE_URL"] !== undefined)
  results["postgresql"] = await measure("PostgreSQL of DATABASE_URL", 28_472, { SECRETS_KEY: "bench-key-of-no-value-0123456789abcdef" });
mkdirSync("bench/results", { recursive: true });
writeFileSync(`bench/results/${new Date().toISOString().slice(0, 10)}.json`, `${JSON.stringify(results, null, 2)}\n`);
