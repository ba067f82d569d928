import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { percentile } from "./figures.ts";
import { startSlipway } from "./servers/slipway-process.ts";

export interface StartTimes {
  /** From spawn to the first answer of /ok, with a data directory that does not exist yet, in milliseconds. */
  new_directory_ms: number;
  /** The same with one that does; the median of three. */
  again_ms: number;
}

export async function startTimes(environment: Record<string, string | undefined>): Promise<StartTimes> {
  const dataDir = mkdtempSync(join(tmpdir(), "slipway-bench-"));
  const startOnce = async () => {
    await using server = await startSlipway("slipway", { ...environment, DATA_DIR: dataDir, LANGGRAPH_JSON: undefined });
    return server.startedInMs;
  };
  try {
    const first = await startOnce();
    const again = [await startOnce(), await startOnce(), await startOnce()];
    return { new_directory_ms: Math.round(first), again_ms: Math.round(percentile(again, 0.5)) };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
