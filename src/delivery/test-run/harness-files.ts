import { fileURLToPath } from "node:url";
import type { SandboxBind } from "../sandbox/sandbox.ts";

/** The harness's own programs, bound read-only beside the project: nothing in a project can stand in for them. */
export const HARNESS: SandboxBind = { source: fileURLToPath(new URL("./harness", import.meta.url)), target: "/opt/slipway/harness", mode: "ro" };

/** A commit's files, as the program under test sees them. */
export const projectBind = (folder: string): SandboxBind => ({ source: folder, target: "/workspace", mode: "rw" });

/** The environment of a test process: nothing of the project can add to it. */
export const TEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  CI: "1",
  NO_COLOR: "1",
  NODE_ENV: "test",
  TZ: "UTC",
  PYTHONDONTWRITEBYTECODE: "1",
  PYTHONHASHSEED: "0",
};

export interface RunnerContext {
  /** Ends when the whole test run must be over, in milliseconds since the epoch. */
  deadline: number;
  identity: string;
  signal?: AbortSignal;
  log(chunk: Buffer): void;
  /** Bytes the whole run may still print. */
  outputLeft(): number;
}

export const REPORT_BYTES = 16 * 1024 * 1024;

/** Installed dependencies lie over the project read-only, with room for the caches that tools keep in them. */
export function dependencyBinds(dependencies: string | null): SandboxBind[] {
  return dependencies === null ? [] : [{ source: dependencies, target: "/workspace/node_modules", mode: "ro" }];
}
