import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AppError } from "#errors";
import { createClient, type SupervisorClient } from "./client.ts";
import { EXIT_PORT_TAKEN } from "./limits.ts";
import { findHolder } from "./lock.ts";
import { makeSupervisorFolders, supervisorPaths } from "./paths.ts";
import { isRunning } from "./process-identity.ts";
import { PROTOCOL, type Slot } from "./protocol.ts";
import { readState } from "./state-file.ts";
import { stopRelease } from "./stop.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const START_LIMIT_MS = 30_000;

export interface SupervisorHandle {
  pid: number;
  /** Where the proxy listens, which need not be the port that was asked for when the supervisor ran already. */
  proxyPort: number;
  client: SupervisorClient;
}

/** The supervisor of this DATA_DIR if one runs and answers, else null. Starts nothing. */
export async function findSupervisor(dataDir: string): Promise<SupervisorHandle | null> {
  const holder = await findHolder(supervisorPaths(dataDir).directory);
  if (!holder) return null;
  const client = createClient(holder.controlPath);
  try {
    const status = await client.hello();
    if (status.protocol !== PROTOCOL) {
      // an older release of Slipway started it; its apps live on and are adopted by the one that follows
      await client.shutdown("keep").catch(() => {});
      while (await isRunning(holder)) await sleep(20);
      return null;
    }
    return { pid: status.pid, proxyPort: status.proxyPort ?? 0, client };
  } catch {
    return null;
  }
}

/**
 * Finds the supervisor of a DATA_DIR or starts it, detached, on the Node that runs now; several processes may ask at once and get the
 * same one. `proxyPort` undefined: 2080 or the next free one; 0: any.
 * @throws AppError `port_taken` when the port that was asked for is in use, `deploy_failed` when it does not come up.
 */
export async function ensureSupervisor(input: { dataDir: string; proxyPort?: number | undefined }): Promise<SupervisorHandle> {
  const paths = supervisorPaths(input.dataDir);
  makeSupervisorFolders(paths);
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    const found = await findSupervisor(input.dataDir);
    if (found) return found;
    const holder = await findHolder(paths.directory);
    if (!holder) await startOnce(paths.dataDir, paths.logFile, input.proxyPort, deadline);
    else await sleep(20);
  }
  throw new AppError("deploy_failed", `The supervisor did not start within ${START_LIMIT_MS / 1_000} s. ${paths.logFile} says why.`);
}

/** Starts one and waits until it answers or ended (because another one was quicker). */
async function startOnce(dataDir: string, logFile: string, proxyPort: number | undefined, deadline: number): Promise<void> {
  const output = openSync(logFile, "a", 0o600);
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  const child = spawn(process.execPath, [MAIN, "--data-dir", dataDir, ...(proxyPort === undefined ? [] : ["--proxy-port", String(proxyPort)])], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", output, output],
    // nothing of the server's environment: it holds keys
    env: Object.fromEntries(Object.entries({ PATH, HOME, LANG, TMPDIR }).filter((pair): pair is [string, string] => pair[1] !== undefined)),
  });
  closeSync(output);
  child.unref();
  let ended: number | "killed" | undefined;
  child.once("exit", (code) => (ended = code ?? "killed"));
  child.once("error", () => (ended = 1));
  while (ended === undefined && Date.now() < deadline) {
    const found = await findSupervisor(dataDir);
    if (found) {
      // ours came second; still starting, it could take over later from one that somebody ends on purpose
      if (found.pid !== child.pid) child.kill("SIGKILL");
      return;
    }
    await sleep(20);
  }
  if (ended === EXIT_PORT_TAKEN) {
    throw new AppError("port_taken", `Port ${proxyPort} for the proxy is in use. Set PROXY_PORT to a free port, or leave it unset.`, {
      details: { port: proxyPort },
    });
  }
  // one that was killed is no reason to give up: the next one may live
  if (typeof ended === "number" && ended !== 0) throw new AppError("deploy_failed", `The supervisor ended at once with code ${ended}. ${logFile} says why.`);
}

/**
 * Ends the supervisor of a DATA_DIR, with its apps (`stop`, for tear-down) or without (`keep`). Apps of one that was killed are ended all
 * the same. What should run stays remembered: a supervisor that is started later brings it back. Nothing runs: no effect.
 */
export async function stopSupervisor(input: { dataDir: string; apps?: "stop" | "keep" }): Promise<void> {
  const paths = supervisorPaths(input.dataDir);
  const apps = input.apps ?? "stop";
  const holder = await findHolder(paths.directory);
  if (holder) {
    await createClient(holder.controlPath)
      .shutdown(apps)
      .catch(() => {});
    const deadline = Date.now() + 30_000;
    while ((await isRunning(holder)) && Date.now() < deadline) await sleep(20);
    if (await isRunning(holder)) process.kill(holder.pid, "SIGKILL");
  }
  if (apps === "stop") await Promise.all(readState(paths.stateFile).apps.flatMap((app) => app.slots.map(endAbandoned)));
}

async function endAbandoned({ process: leader, releaseId, port, timing }: Slot): Promise<void> {
  if (leader) await stopRelease(leader, { releaseId, port, graceMs: timing.graceMs });
}
