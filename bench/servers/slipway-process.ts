import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { freePort, measuredServer, type MeasuredServer } from "./measured-server.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Starts `src/main.ts` with the graphs of this folder. */
export async function startSlipway(name: string, environment: Record<string, string | undefined>): Promise<MeasuredServer> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, ["src/main.ts"], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, LOG_LEVEL: "error", LANGGRAPH_JSON: "bench/graphs/langgraph.json", PROXY_PORT: "0", ...environment, PORT: String(port) },
  });
  return measuredServer(name, child, port, began);
}
