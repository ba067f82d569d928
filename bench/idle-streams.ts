/**
 * Idle event streams on one server process: how much memory each costs, and whether their heartbeats come in time.
 *
 * The connections are held by a second process (this file with `--hold`), because they are sockets of this machine too.
 */
import { spawn, spawnSync } from "node:child_process";
import { connect } from "node:net";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "@langchain/langgraph-sdk";
import { percentile, rounded } from "./figures.ts";
import type { MeasuredServer } from "./servers/measured-server.ts";

const FILE = fileURLToPath(import.meta.url);
const HEARTBEAT_MS = 5_000;
const WATCH_MS = 16_000;
const OPENED_AT_ONCE = 200;

export interface IdleStreams {
  streams: number;
  /** Growth of the server's resident memory divided by the streams. */
  kilobytes_each: number;
  /** How late a heartbeat was, of what was seen in 16 s. */
  heartbeat_jitter_p99_ms: number;
  /** /ok while they are open. */
  ok_ms: number;
}

/** Opens `streams` streams of runs that do nothing. Needs as many file descriptors on both sides (`ulimit -n`). */
export async function idleStreams(server: MeasuredServer, streams: number): Promise<IdleStreams> {
  const client = new Client({ apiUrl: server.url, apiKey: null });
  const runs = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { thread_id } = await client.threads.create();
      const { run_id } = await client.runs.create(thread_id, "wait", { input: { seconds: 600 }, streamMode: "updates", streamResumable: true });
      return { thread_id, run_id };
    }),
  );
  await pause(2_000);
  const before = residentKilobytes(server.pid);
  const paths = runs.map(({ thread_id, run_id }) => `/threads/${thread_id}/runs/${run_id}/stream`);
  const holder = spawn(process.execPath, [FILE, "--hold", server.url, String(streams), ...paths], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
    await expectLine(lines, "open");
    await pause(2_000);
    const after = residentKilobytes(server.pid);
    const okBegan = performance.now();
    await fetch(`${server.url}/ok`);
    const ok = performance.now() - okBegan;
    const jitter = Number(await expectLine(lines, "jitter"));
    return { streams, kilobytes_each: rounded((after - before) / streams), heartbeat_jitter_p99_ms: rounded(jitter), ok_ms: rounded(ok) };
  } finally {
    holder.kill("SIGKILL");
    await Promise.all(runs.map(({ thread_id, run_id }) => client.runs.cancel(thread_id, run_id)));
  }
}

async function expectLine(lines: AsyncIterator<string>, word: string): Promise<string> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the process that holds the streams ended before it said "${word}"`);
    if (value.startsWith(word)) return value.slice(word.length).trim();
  }
}

function residentKilobytes(pid: number): number {
  return Number(spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim());
}

/** The other process: opens the streams, says `open`, watches heartbeats, says `jitter <ms>`, and holds on until it is killed. */
async function hold(url: string, streams: number, paths: string[]): Promise<void> {
  const { hostname, port } = new URL(url);
  const heartbeats: number[][] = [];
  let broken = 0;
  const open = async (at: number) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const seen: number[] = [];
    heartbeats.push(seen);
    const answered = new Promise<void>((done) => {
      socket.once("data", () => done());
    });
    socket.on("data", (chunk: Buffer) => {
      if (chunk.includes(": heartbeat")) seen.push(performance.now());
    });
    socket.on("close", () => (broken += 1));
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`GET ${paths[at % paths.length]} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`);
    await answered;
  };
  for (let at = 0; at < streams; at += OPENED_AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, streams - at) }, (_, one) => open(at + one)));
  console.log("open");
  await pause(WATCH_MS);
  if (broken > 0) throw new Error(`${broken} of ${streams} streams broke`);
  const late = heartbeats.flatMap((seen) => seen.slice(1).map((moment, at) => Math.abs(moment - (seen[at] ?? 0) - HEARTBEAT_MS)));
  if (late.length < streams) throw new Error(`only ${late.length} heartbeats on ${streams} streams`);
  console.log(`jitter ${percentile(late, 0.99)}`);
}

if (process.argv[2] === "--hold") {
  const [url = "", streams = "0", ...paths] = process.argv.slice(3);
  await hold(url, Number(streams), paths);
}
