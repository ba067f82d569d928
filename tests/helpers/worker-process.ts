import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { FIXTURE_GRAPHS } from "./runtime.ts";

const WORKER = fileURLToPath(new URL("../fixtures/processes/worker.ts", import.meta.url));

export interface WorkerProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Resolves once it takes work; rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly exited: Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** A real worker process on a test database; see `tests/fixtures/processes/worker.ts`. */
export function workerProcess(url: string, environment: Record<string, string> = {}): WorkerProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: { PATH: process.env["PATH"], DATABASE_URL: url, GRAPHS: FIXTURE_GRAPHS, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(() => undefined);
  const ready = Promise.race([
    once(child.stdout, "data").then(() => undefined),
    exited.then(() => Promise.reject(new Error(`the worker ended early (${child.exitCode ?? child.signalCode})`))),
  ]);
  ready.catch(() => {});
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    await exited;
  };
  return { process: child, ready, exited, kill, [Symbol.asyncDispose]: () => (child.exitCode === null && child.signalCode === null ? kill() : exited) };
}
