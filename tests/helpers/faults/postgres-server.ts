import { setTimeout as pause } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "#db/create-client.ts";
import { clusterUrl, isPostmaster, postmasterPid, prepareCluster, startServer } from "#db/embedded-server.ts";

/** A PostgreSQL of its own, to be stopped and started; what was committed stays. */
export interface PostgresServer extends AsyncDisposable {
  /** Address of an empty database. */
  readonly url: string;
  start(): Promise<void>;
  /** `fast` ends sessions and flushes; `crash` is SIGKILL of the postmaster, whose backends follow it. */
  stop(how: "fast" | "crash"): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-pg-"));
  const cluster = prepareCluster(folder, ["fsync=off", "max_connections=200"]);
  const start = async () => {
    const server = startServer(cluster);
    while (!(await answers(clusterUrl(cluster, "postgres")))) {
      const failure = server.failure();
      if (failure !== null) throw new Error(`PostgreSQL does not start: ${failure instanceof Error ? failure.message : failure}`);
      await pause(20);
    }
  };
  const stop = async (how: "fast" | "crash") => {
    const pid = postmasterPid(cluster);
    if (pid === null || !isPostmaster(cluster, pid)) return;
    process.kill(pid, how === "fast" ? "SIGINT" : "SIGKILL");
    while (isPostmaster(cluster, pid)) await pause(10);
  };
  await start();
  const admin = createClient({ url: clusterUrl(cluster, "postgres"), poolSize: 1 });
  await admin`create database played`;
  await admin.end();
  return {
    url: clusterUrl(cluster, "played"),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop("fast");
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, poolSize: 1 });
  try {
    await client`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await client.end({ timeout: 0 });
  }
}
