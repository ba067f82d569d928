import { setTimeout as delay } from "node:timers/promises";
import type postgres from "postgres";
import { AppError } from "#errors";
import { createClient } from "./create-client.ts";
import { explainStart } from "./embedded-failures.ts";
import {
  clusterUrl,
  EMBEDDED_NAME,
  isPostmaster,
  postmasterPid,
  prepareCluster,
  removeStaleLock,
  startServer,
  type Cluster,
  type StartedServer,
} from "./embedded-server.ts";

/**
 * The embedded PostgreSQL: a real server on a unix socket in DATA_DIR, shared by every process that opens the same folder.
 *
 *   down      nothing listens. Whoever finds that starts the server; of several starters PostgreSQL's own lock file lets one win.
 *   starting  it listens but refuses (recovering after a kill, or still shutting down): wait.
 *   up        connect, and take the advisory lock HOLDERS in shared mode: "I use this server".
 *   leaving   on orderly shutdown a process gives its shared lock back and tries for the exclusive one. Who gets it is the last
 *             and stops the server; who comes meanwhile is refused the shared lock and goes round again.
 *
 * A process killed with -9 leaves the server up, and the next one adopts it. A killed server is started again by any process that
 * lost its holder connection.
 */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** For `openDatabase`. */
  readonly url: string;
}

export interface EmbeddedOptions {
  /** Extra server settings, `name=value`; they count only for the process that starts the server. */
  settings?: readonly string[];
  /** False: do as where the system forbids user namespaces. Matters only to root (see `embedded-account.ts`). */
  userNamespaces?: boolean;
  /** Called when the server was lost and could not be brought back. */
  onLost?(error: AppError): void;
}

/** Any number that nothing else locks; in the database `postgres`, where only holders connect. */
const HOLDERS = 7_210_001;
const PATIENCE_MS = 60_000;
/** Crash recovery replays the log: minutes, on a slow disk. */
const RECOVERY_PATIENCE_MS = 600_000;

/**
 * Connects to the server of this DATA_DIR, starting it when it is down, and makes sure that its database exists.
 * Disposing stops the server when no other process uses it.
 * @throws AppError `invalid_config`, `disk_full` or `database_unavailable`, each saying what to do.
 */
export async function openEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<EmbeddedPostgres> {
  const cluster = prepareCluster(dataDir, options.settings, options.userNamespaces);
  let closing = false;
  let holding: Promise<void> | null = null;
  const client = createClient({
    url: clusterUrl(cluster, "postgres"),
    poolSize: 1,
    applicationName: "slipway-holder",
    statementTimeoutMs: 0,
    lasting: true,
    onclose: () => {
      if (!closing && holding === null) {
        holding = hold(cluster, client, () => closing)
          .catch((error: AppError) => options.onLost?.(error))
          .finally(() => (holding = null));
      }
    },
  });
  try {
    holding = hold(cluster, client, () => closing);
    await holding;
    await createDatabase(client);
  } catch (error) {
    closing = true;
    await client.end({ timeout: 0 });
    throw error;
  }
  holding = null;
  return {
    url: clusterUrl(cluster, EMBEDDED_NAME),
    async [Symbol.asyncDispose]() {
      closing = true;
      await holding;
      await leave(cluster, client);
    },
  };
}

/** Goes round until this process holds the shared lock on a running server. */
async function hold(cluster: Cluster, client: postgres.Sql, isClosing: () => boolean): Promise<void> {
  let server: StartedServer | null = null;
  const began = Date.now();
  for (let round = 0; !isClosing(); round += 1) {
    const state = await tryHold(client).catch((error: unknown) => {
      server?.stop();
      throw explainStart(error, cluster.home);
    });
    if (state === "held") return;
    const patience = state === "down" ? PATIENCE_MS : RECOVERY_PATIENCE_MS;
    if (Date.now() - began > patience) {
      throw new AppError(
        "database_unavailable",
        `The embedded PostgreSQL of ${cluster.home} did not answer for ${patience / 1000} s. Its log is ${cluster.logFile}.`,
      );
    }
    if (state === "down") {
      const failure = server?.failure();
      if (failure instanceof AppError) throw failure;
      if (failure === "lock file") removeStaleLock(cluster);
      if (server === null || failure === "lock file" || failure === "ended") {
        server = startServer(cluster);
      }
    }
    await delay(Math.min(10 + round * 5, 100));
  }
}

type HoldState = "held" | "starting" | "down";

async function tryHold(client: postgres.Sql): Promise<HoldState> {
  try {
    const [row] = await client<{ held: boolean }[]>`select pg_try_advisory_lock_shared(${HOLDERS}) as held`;
    return row?.held ? "held" : "starting";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (["ENOENT", "ECONNREFUSED"].includes(code)) return "down";
    if (["EACCES", "EPERM"].includes(code)) {
      throw new AppError(
        "invalid_config",
        "The embedded PostgreSQL of this DATA_DIR belongs to another user. Use a DATA_DIR of your own, or set DATABASE_URL.",
        { cause: error },
      );
    }
    // the files are damaged (see `embedded-failures.ts`): no patience mends that
    if (/^(?:3D|58|XX)/.test(code)) throw error;
    // 57P03: starting up or shutting down; 57P01, reset: it went away under us; 53300: full. All of them pass.
    return "starting";
  }
}

async function createDatabase(client: postgres.Sql): Promise<void> {
  const found = await client`select 1 from pg_database where datname = ${EMBEDDED_NAME}`;
  if (found.length > 0) return;
  try {
    await client`create database ${client(EMBEDDED_NAME)}`;
  } catch (error) {
    // another process made it meanwhile: 42P04, or 23505 when both were at it
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "42P04" && code !== "23505") throw error;
  }
}

async function leave(cluster: Cluster, client: postgres.Sql): Promise<void> {
  let last = false;
  try {
    await client`select pg_advisory_unlock_shared(${HOLDERS})`;
    const [row] = await client<{ last: boolean }[]>`select pg_try_advisory_lock(${HOLDERS}) as last`;
    last = row?.last === true;
    const pid = postmasterPid(cluster);
    // SIGINT is PostgreSQL's fast shutdown: sessions are closed, everything is flushed
    if (last && pid !== null && isPostmaster(cluster, pid)) {
      process.kill(pid, "SIGINT");
      const deadline = Date.now() + PATIENCE_MS;
      while (isPostmaster(cluster, pid) && Date.now() < deadline) await delay(10);
    }
  } catch {
    // the server is gone already: nothing to leave
  } finally {
    await client.end({ timeout: 1 });
  }
}
