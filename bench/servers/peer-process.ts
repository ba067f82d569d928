import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort, measuredServer, type MeasuredServer } from "./measured-server.ts";

const BENCH = resolve(import.meta.dirname, "..");
/** Its dependencies are not ours, so it lives apart; kept between runs. */
const HOME = resolve(BENCH, "../node_modules/.cache/bench-peer");

/** Installs LangChain's `@langchain/langgraph-api` from npm unless it is there. Throws with npm's words. */
export function installPeer(): void {
  mkdirSync(HOME, { recursive: true });
  const wanted = readFileSync(join(BENCH, "peer/package.json"), "utf8");
  const marker = join(HOME, "installed");
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== wanted) {
    cpSync(join(BENCH, "peer/package.json"), join(HOME, "package.json"));
    const installed = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: HOME, encoding: "utf8" });
    if (installed.status !== 0) throw new Error(`npm could not install the peer: ${installed.stderr.slice(-500)}`);
    writeFileSync(marker, wanted);
  }
  cpSync(join(BENCH, "peer/start.mjs"), join(HOME, "start.mjs"));
  rmSync(join(HOME, "graphs"), { recursive: true, force: true });
  cpSync(join(BENCH, "graphs"), join(HOME, "graphs"), { recursive: true });
}

/** Starts the peer on the same graphs, with nothing remembered from before. `workers`: runs at a time. */
export async function startPeer(workers: number): Promise<MeasuredServer> {
  rmSync(join(HOME, ".langgraph_api"), { recursive: true, force: true });
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, ["start.mjs", String(port), String(workers)], {
    cwd: HOME,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, LANGGRAPH_API_URL: `http://127.0.0.1:${port}`, LOG_LEVEL: "error", NODE_ENV: "production" },
  });
  return measuredServer("peer", child, port, began);
}
