import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "#db/client.ts";
import { stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { type ServerProcess, startServer } from "../helpers/server.ts";

/** What an unbroken delivery and one that was killed must have in common. */
export interface DeliveryOutcome {
  /** Tree and subject of every commit of main, oldest first. Dates and ids differ. */
  commits: string[];
  /** Number and status of each release. */
  releases: string[];
  /** Kind and state of each approval that was not a mirror. */
  approvals: string[];
  /** Processes that run with a RELEASE of this delivery, by release. */
  servingReleases: number;
  answer: string;
}

export interface DeliveryOptions {
  database: Database;
  databaseUrl: string;
  dataDir: string;
  request: string;
  /** For the first server only: `KILL_AT` of kill-at.mjs, and where it counts. */
  killAt?: string;
  countFile?: string;
}

class DeliveryFailed extends Error {}

const ENVIRONMENT = { PROXY_PORT: "0", LEASE_SECONDS: "2", SECRETS_KEY: "a-key-for-tests-only-0123456789abcdef", OPENAI_API_KEY: "", OPENAI_BASE_URL: "" };
const PRELOAD = new URL("./kill-at.mjs", import.meta.url).href;
const LIMIT_MS = 240_000;

/**
 * Drives one recorded delivery as a chat client would: sends the request, approves by resume, starts the server again whenever it is
 * gone, and sends again what got no answer. `deaths` counts how often the server went away.
 */
export async function runDelivery(options: DeliveryOptions): Promise<{ outcome: DeliveryOutcome; deaths: number }> {
  const { database, dataDir } = options;
  const start = (environment: Record<string, string>) =>
    startServer({ databaseUrl: options.databaseUrl, dataDir, environment: { ...ENVIRONMENT, ...environment } });
  let deaths = 0;
  let server: ServerProcess | null = null;
  const deadline = Date.now() + LIMIT_MS;
  const threadId = crypto.randomUUID();
  const preload =
    options.killAt === undefined && options.countFile === undefined
      ? {}
      : { NODE_OPTIONS: `--import=${PRELOAD}`, KILL_AT: options.killAt ?? "count", KILL_COUNT_FILE: options.countFile ?? "" };
  try {
    for (;;) {
      if (Date.now() > deadline) throw new Error(`no end after ${LIMIT_MS} ms; the server said: ${server?.output().slice(-3_000) ?? "nothing"}`);
      server ??= await start(deaths === 0 ? preload : {}).catch((error: unknown) => {
        // it died while starting: that point was hit too
        if (deaths > 0 || options.killAt === undefined) throw error;
        deaths += 1;
        return null;
      });
      if (server === null) continue;
      const state = await step(server, threadId, options.request).catch((error: unknown) => {
        if (error instanceof DeliveryFailed) throw new Error(`${error.message}; the server said: ${server?.output().slice(-2_000)}`);
        return "unreachable" as const;
      });
      if (state === "live") break;
      if (state === "unreachable" && !isAlive(server.pid)) {
        deaths += 1;
        await server.stop("SIGKILL");
        server = null;
        continue;
      }
      await pause(100);
    }
    const outcome = await readOutcome(database, dataDir, threadId);
    await tearDown(server, dataDir);
    server = null;
    const orphans = leftovers(dataDir);
    if (orphans.length > 0) throw new Error(`left behind: ${orphans.join("; ")}`);
    return { outcome, deaths };
  } finally {
    await tearDown(server, dataDir);
  }
}

async function tearDown(server: ServerProcess | null, dataDir: string): Promise<void> {
  await server?.stop("SIGTERM");
  await stopSupervisor({ dataDir });
}

async function step(server: ServerProcess, threadId: string, request: string): Promise<"working" | "live"> {
  const { client } = server;
  await client.threads.create({ threadId, ifExists: "do_nothing" });
  const runs = await client.runs.list(threadId, { limit: 1 });
  if (runs.length === 0) await client.runs.create(threadId, "product_owner", { input: { messages: [{ role: "user", content: request }] } });
  const thread = await client.threads.get(threadId);
  const question = Object.values(thread.interrupts ?? {}).flat()[0];
  if (thread.status === "interrupted" && question?.id !== undefined) {
    await client.runs.create(threadId, "product_owner", { command: { resume: { [question.id]: { type: "approve" } } } });
  }
  const children = await client.threads.search({ metadata: { parent_thread_id: threadId }, limit: 10 });
  const results = children.map((child) => (child.values as { result?: { status?: string } } | null)?.result?.status);
  const failed = results.find((status) => status !== undefined && !["green", "live"].includes(status));
  if (failed !== undefined) throw new DeliveryFailed(`the delivery ended as ${failed}`);
  return results.includes("live") && thread.status === "idle" ? "live" : "working";
}

async function readOutcome(database: Database, dataDir: string, threadId: string): Promise<DeliveryOutcome> {
  const { sql } = database;
  const [project] = await sql<{ id: string; slug: string }[]>`
    select p.id, p.slug from projects p where p.id in (select project_id from threads where parent_thread_id = ${threadId})`;
  if (project === undefined) throw new Error("the delivery made no project");
  const log = execFileSync(
    "git",
    ["-c", "safe.directory=*", "--git-dir", join(dataDir, "projects", project.id, "repo.git"), "log", "--reverse", "--format=%T %s", "main"],
    { encoding: "utf8" },
  );
  const releases = await sql<
    { id: string; number: number; status: string; port: number }[]
  >`select id, number, status, port from releases where project_id = ${project.id} order by number`;
  const approvals = await sql<{ kind: string; state: string }[]>`
    select kind, state from approvals where mirror_of is null and thread_id in (select thread_id from threads where parent_thread_id = ${threadId}) order by created_at`;
  const serving = releases.at(-1);
  const answer = serving === undefined ? "nothing serves" : await (await fetch(`http://127.0.0.1:${serving.port}/health`)).text();
  return {
    commits: log.trim().split("\n"),
    releases: releases.map(({ number, status }) => `${number} ${status}`),
    approvals: approvals.map(({ kind, state }) => `${kind} ${state}`),
    servingReleases: releasesThatRun(releases.map(({ id }) => id)).size,
    answer: answer.replaceAll(serving?.id ?? "-", "<release>"),
  };
}

function releasesThatRun(ids: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      for (const id of ids) if (environment.includes(`RELEASE=${id}`)) found.add(id);
    } catch {
      // it ended, or is not ours to read
    }
  }
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Programs that still name the data directory after everything was stopped. */
function leftovers(dataDir: string): string[] {
  const listing = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" });
  return listing.split("\n").filter((line) => line.includes(dataDir));
}
