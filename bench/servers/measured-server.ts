import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { ChildProcess } from "node:child_process";

/** A server process that speaks LangGraph's API, ours or the peer's. */
export interface MeasuredServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** From spawn to the first `{"ok":true}`, in milliseconds. */
  readonly startedInMs: number;
}

/** Waits for `/ok` of a process that was just spawned, asking every 5 ms. Throws when the process ends first. */
export async function measuredServer(name: string, child: ChildProcess, port: number, began: number): Promise<MeasuredServer> {
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it was ready`);
    const ok = await fetch(`${url}/ok`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) break;
    await pause(5);
  }
  const startedInMs = performance.now() - began;
  return {
    name,
    url,
    pid: child.pid ?? 0,
    startedInMs,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
