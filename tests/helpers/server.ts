import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@langchain/langgraph-sdk";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY = /Slipway (?:is ready: (http:\/\/\S+)|works \(ROLE=worker\))\n/;
const KEPT_OUTPUT = 20_000;

export interface ServerOptions {
  databaseUrl: string;
  /** Path of the langgraph.json to serve; ours when absent. */
  langgraphJson?: string;
  /** Kept across restarts; a temporary folder, removed at the end, when absent. */
  dataDir?: string;
  environment?: Record<string, string>;
  /** How much of its output is kept, in characters: 20,000 unless told. */
  keptOutput?: number;
}

/** A real server process of this repository. Disposing ends it; a test that needs a crash kills it first. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** The official client, without retries, so that a failure shows at once. */
  readonly client: Client;
  /** What it printed so far, both channels; for the message of a failing test. */
  output(): string;
  /** Sends the signal and waits until the process is gone. Answers its exit code, null after a signal. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `src/main.ts` on an ephemeral port and waits until it can take work. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "slipway-server-")));
  const child = spawn(process.execPath, ["src/main.ts"], { cwd: ROOT, env: environmentOf(options, dataDir), stdio: ["ignore", "pipe", "pipe"] });
  const { output, ready } = collect(child, options.keptOutput ?? KEPT_OUTPUT);
  const gone = once(child, "exit");
  let stopped = false;
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    stopped = true;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await gone;
    }
    return child.exitCode;
  };
  const url = await ready;
  // all that its test hears of this is a refused connection
  child.once("exit", (code, signal) => {
    if (!stopped) console.error(`the server at ${url || "no address"} ended by itself (${signal ?? code}):\n${output()}`);
  });
  return {
    url,
    dataDir,
    pid: child.pid ?? 0,
    client: new Client({ apiUrl: url, apiKey: null, callerOptions: { maxRetries: 0 } }),
    output,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Only what a server needs, so that a key or a setting of the machine changes no test. */
function environmentOf(options: ServerOptions, dataDir: string): Record<string, string> {
  const { PATH = "", HOME = "/tmp", REDIS_URL } = process.env;
  return {
    PATH,
    HOME,
    PORT: "0",
    PROXY_PORT: "0",
    DATABASE_URL: options.databaseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: "warn",
    SECRETS_KEY: Buffer.alloc(32, 7).toString("base64"),
    ...(REDIS_URL === undefined ? {} : { REDIS_URL }),
    ...(options.langgraphJson === undefined ? {} : { LANGGRAPH_JSON: options.langgraphJson }),
    ...options.environment,
  };
}

/** Keeps the last of both channels, and settles `ready` with the address that the server prints. */
function collect(child: ChildProcess, kept: number): { output: () => string; ready: Promise<string> } {
  let text = "";
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-kept);
      const found = READY.exec(text);
      // a worker takes no requests
      if (found !== null) ready.resolve(found[1] ?? "");
    });
  }
  child.once("exit", () => ready.reject(new Error(`the server ended before it was ready:\n${text}`)));
  return { output: () => text, ready: ready.promise };
}
