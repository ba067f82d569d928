import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { AppError } from "#errors";

export interface ServerProcess extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:40123` */
  readonly url: string;
}

const READY = /^Slipway is ready: (http:\/\/\S+)/;

/**
 * Starts a whole Slipway server (`src/main.ts`) as a child process on a free port and waits until it takes work.
 * Its log goes to `logFile`. Disposing sends SIGTERM and waits for the drain.
 */
export async function startServerProcess(environment: Record<string, string>, logFile: string): Promise<ServerProcess> {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const child = spawn(process.execPath, ["src/main.ts"], {
    stdio: ["ignore", "pipe", openSync(logFile, "a"), "ipc"],
    env: { ...process.env, PORT: "0", ...environment },
  });
  const { stdout } = child;
  if (stdout === null) throw new AppError("internal", "The server was started without a pipe to read.");
  const url = await new Promise<string>((ready, fail) => {
    createInterface({ input: stdout }).on("line", (line) => {
      const match = READY.exec(line);
      if (match?.[1] !== undefined) ready(match[1]);
    });
    child.once("exit", (code) =>
      fail(
        new AppError("internal", `The server ended while starting (exit code ${code}):\n${readFileSync(logFile, "utf8").split("\n").slice(-12).join("\n")}`),
      ),
    );
  });
  return { url, [Symbol.asyncDispose]: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  await ended;
}
