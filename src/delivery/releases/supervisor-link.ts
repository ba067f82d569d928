/**
 * The server's end of the supervisor. It may be gone at any moment, and is then started again and told what only a server knows: how
 * to start the releases that it looks after, secrets included.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eq, inArray } from "drizzle-orm";
import type { Log } from "#log";
import type { Database } from "#db/client.ts";
import { releases } from "#db/schema/releases.ts";
import { buildLaunch } from "./build-launch.ts";
import { repositoryPath } from "./app-paths.ts";
import type { ReleaseRow } from "./release-rows.ts";
import { writeDownStatus } from "./write-down-status.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SecretVault } from "../secrets/vault.ts";
import { isConnectionLost } from "../supervisor/client.ts";
import { ensureSupervisor, findSupervisor, type SupervisorHandle } from "../supervisor/ensure.ts";
import type { Launch, Status } from "../supervisor/protocol.ts";
import { createTurns } from "../supervisor/turns.ts";

export interface SupervisorLinkOptions {
  database: Database;
  dataDir: string;
  /** Where the proxy should listen; undefined: 2080 or the next free port. */
  proxyPort?: number | undefined;
  vault: SecretVault;
  sandbox: Sandbox;
  log: Log;
}

export interface SupervisorLink {
  launchOf(row: ReleaseRow, slug: string, port: number): Promise<Launch>;
  /** Calls the supervisor, started if need be; one that dies meanwhile is replaced and asked again. */
  ask<T>(call: (handle: SupervisorHandle) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** What the supervisor says now, written down; null when none runs. */
  look(): Promise<Status | null>;
  writeDown(status: Status): Promise<void>;
  /** Keeps one running while anything is deployed and writes down what it does; `onStart` runs after each connection. */
  supervise(onStart: (status: Status) => Promise<void>): AsyncDisposable;
}

const RECONNECTS = 50;
const IDLE_MS = 1_000;

export function createSupervisorLink(options: SupervisorLinkOptions): SupervisorLink {
  const { database, dataDir, vault, sandbox, log } = options;
  const { drizzle } = database;
  const inTurn = createTurns();
  const launchOf = (row: ReleaseRow, slug: string, port: number) => buildLaunch({ row, port, slug, dataDir, sandbox, vault });
  const writeDown = (status: Status) => inTurn(() => writeDownStatus(database, status));

  async function feed(handle: SupervisorHandle, status: Status): Promise<void> {
    const launches: Record<string, Launch> = {};
    for (const app of status.apps) {
      for (const slot of app.slots) {
        const needed = slot.phase === "starting" || slot.releaseId === app.serving || slot.releaseId === app.previous;
        if (!needed || status.launches.includes(slot.releaseId)) continue;
        const [row] = await drizzle.select().from(releases).where(eq(releases.id, slot.releaseId));
        try {
          if (row) launches[slot.releaseId] = await launchOf(row, app.slug, slot.port);
        } catch (error) {
          log.error({ release: slot.releaseId, error: String(error) }, "a running release could not be started again if it ended");
        }
      }
    }
    if (Object.keys(launches).length > 0) await handle.client.feed(launches);
  }

  async function connect(): Promise<SupervisorHandle> {
    const handle = await ensureSupervisor({ dataDir, proxyPort: options.proxyPort });
    await feed(handle, await handle.client.status());
    return handle;
  }

  async function anythingDeployed(): Promise<boolean> {
    const rows = await drizzle
      .select({ projectId: releases.projectId })
      .from(releases)
      .where(inArray(releases.status, ["live", "starting", "draining"]));
    // another machine on the same database has its own supervisor for its own repositories
    return rows.some((row) => existsSync(repositoryPath(dataDir, row.projectId)));
  }

  async function superviseOnce(signal: AbortSignal, onStart: (status: Status) => Promise<void>): Promise<void> {
    if (!(await findSupervisor(dataDir)) && !(await anythingDeployed())) {
      await sleep(IDLE_MS, undefined, { signal });
      return;
    }
    const { client, ...handle } = await connect();
    void onStart(await client.status()).catch((error: unknown) => log.error({ error: String(error) }, "a lost release could not be brought back"));
    for await (const status of client.events(signal)) {
      await feed({ client, ...handle }, status);
      await writeDown(status);
    }
  }

  return {
    launchOf,
    writeDown,
    async ask(call, signal) {
      for (let attempt = 1; ; attempt += 1) {
        signal?.throwIfAborted();
        try {
          return await unlessAborted(connect().then(call), signal);
        } catch (error) {
          if (!isConnectionLost(error) || attempt >= RECONNECTS) throw error;
          await sleep(20);
        }
      }
    },
    async look() {
      const handle = await findSupervisor(dataDir);
      const status = (await handle?.client.status().catch(() => null)) ?? null;
      if (status) await writeDown(status);
      return status;
    },
    supervise(onStart) {
      const stop = new AbortController();
      const loop = (async () => {
        while (!stop.signal.aborted) {
          try {
            await superviseOnce(stop.signal, onStart);
          } catch (error) {
            if (stop.signal.aborted) return;
            if (isConnectionLost(error)) continue;
            log.error({ error: String(error) }, "the supervisor could not be looked after");
            await sleep(IDLE_MS, undefined, { signal: stop.signal }).catch(() => {});
          }
        }
      })();
      return {
        async [Symbol.asyncDispose]() {
          stop.abort();
          await loop;
        },
      };
    },
  };
}

/** Stops waiting when the caller goes away; what was begun goes on and is found by the next call. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  work.catch(() => {});
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
