/**
 * The supervisor: one detached process per DATA_DIR that starts, watches, switches and stops what was deployed, and is its reverse proxy.
 *   node main.ts --data-dir DIR [--proxy-port N]
 *
 * It outlives the server; its apps outlive it. Killed at any moment, the next one reads state.json, adopts what runs, routes again and
 * goes on with what was half done. It has no database and no key: how to start a release (secrets included) is told by the server and
 * kept in memory. Exit codes: 0 ended or another one runs already, 3 the proxy port that was asked for is taken, 1 anything else.
 */
import type { Server } from "node:http";
import { parseArgs } from "node:util";
import { createLog } from "#log";
import { createProxy, listenLoopback } from "../proxy/proxy.ts";
import { createAppKeeper, type AppContext, type AppKeeper } from "./app.ts";
import { listenControl } from "./control-server.ts";
import { EXIT_PORT_TAKEN, HOLD_MS, IDLE_END_MS } from "./limits.ts";
import { takeLock } from "./lock.ts";
import { createMemory } from "./memory.ts";
import { makeSupervisorFolders, removeControlPath, supervisorPaths } from "./paths.ts";
import { PROTOCOL } from "./protocol.ts";
import { choosePort, isTaken } from "./proxy-port.ts";
import { readState } from "./state-file.ts";

const { values } = parseArgs({ options: { "data-dir": { type: "string" }, "proxy-port": { type: "string" } } });
const paths = supervisorPaths(values["data-dir"] ?? "./.slipway");
makeSupervisorFolders(paths);
const lock = await takeLock(paths.directory, paths.controlPath);
if (!lock) process.exit(0);

const log = createLog("info");
const memory = createMemory(readState(paths.stateFile), paths.stateFile);
memory.state.protocol = PROTOCOL;
const keepers = new Map<string, AppKeeper>();
let closing = false;
const context: AppContext = { memory, log, proxyPort: () => memory.state.proxyPort ?? 0, closing: () => closing };
for (const app of memory.state.apps) keepers.set(app.slug, createAppKeeper(app, context));
await Promise.all([...keepers.values()].map((keeper) => keeper.resume()));

const routes = {
  resolve: (slug: string) => keepers.get(slug)?.route() ?? ({ kind: "unknown" } as const),
  changed: (timeoutMs: number) => memory.changed(timeoutMs),
};
const asked = values["proxy-port"] === undefined ? undefined : Number(values["proxy-port"]);
let proxies: Server[];
try {
  const listening = await choosePort(asked, memory.state.proxyPort, (port) => listenLoopback(() => createProxy({ routes, holdMs: HOLD_MS }), port));
  proxies = listening.servers;
  memory.state.proxyPort = listening.port;
  memory.commit();
} catch (error) {
  log.error({ error: String(error) }, "the proxy could not be started");
  lock.release();
  process.exit(isTaken(error) ? EXIT_PORT_TAKEN : 1);
}

function keeperOf(slug: string, projectId: string): AppKeeper {
  const known = keepers.get(slug);
  if (known) return known;
  const app = { slug, projectId, serving: null, previous: null, slots: [] };
  memory.state.apps.push(app);
  const made = createAppKeeper(app, context);
  keepers.set(slug, made);
  return made;
}

async function end(apps: "stop" | "keep"): Promise<void> {
  closing = true;
  for (const proxy of proxies) proxy.close();
  if (apps === "stop") await Promise.all([...keepers.values()].map((keeper) => keeper.stopProcesses()));
}

function leave(): never {
  lock?.release();
  removeControlPath(paths);
  process.exit(0);
}

const control = await listenControl(paths.controlPath, {
  memory,
  status: () => ({ ...memory.state, pid: process.pid, launches: [...memory.launches.keys()] }),
  activate: (request) => keeperOf(request.slug, request.projectId).activate(request),
  undeploy: async (slug) => keepers.get(slug)?.undeploy(),
  async shutdown(apps) {
    await end(apps);
    // after the answer has been sent
    setTimeout(leave, 50);
  },
});
log.info({ pid: process.pid, proxy_port: memory.state.proxyPort }, "supervisor is ready");

process.on("SIGTERM", () => process.exit(0));
// an exception in one app's care must not end the care of all others
process.on("uncaughtException", (error) => log.error({ error: error.stack }, "uncaught"));
process.on("unhandledRejection", (error) => log.error({ error: String(error) }, "unhandled"));

let lastBusy = Date.now();
setInterval(async () => {
  if (closing) return;
  // DATA_DIR was deleted: nobody can find us or our apps any more, so all ends
  if (!lock.held()) {
    await end("stop").catch(() => {});
    leave();
  }
  const apps = memory.state.apps.some((app) => app.serving !== null || app.slots.some((slot) => slot.process !== null || slot.phase === "starting"));
  control.getConnections((_error, connections) => {
    if (apps || connections > 0) lastBusy = Date.now();
    else if (Date.now() - lastBusy > IDLE_END_MS) leave();
  });
}, 1_000);
