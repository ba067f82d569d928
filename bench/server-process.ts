import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

export interface MeasuredServer extends AsyncDisposable {
  url: string;
  /** From spawn to the first `{"ok":true}`, in milliseconds. */
  startedInMs: number;
}

/** Starts `src/main.ts` on a port of its own and waits for /ok, asking every 5 ms. */
export async function startMeasured(port: number, environment: Record<string, string | undefined>): Promise<MeasuredServer> {
  const began = performance.now();
  const child = spawn(process.execPath, ["src/main.ts"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, LOG_LEVEL: "error", ...environment, PORT: String(port) },
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const ok = await fetch(`${url}/ok`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) break;
    await pause(5);
  }
  const startedInMs = performance.now() - began;
  return {
    url,
    startedInMs,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
    },
  };
}
