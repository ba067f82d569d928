import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@langchain/langgraph-sdk";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const GRAPHS = fileURLToPath(new URL("../../fixtures/faults/langgraph.json", import.meta.url));
const READY = /Slipway (?:is ready: (http:\/\/\S+)|works \(ROLE=worker\))\n/;
const KEPT_OUTPUT = 20_000;

export interface FleetOptions {
  /** Null: the embedded PostgreSQL of the fleet's own data folder. */
  databaseUrl: string | null;
  /** Absent: REDIS_URL of the environment; null: none. */
  redisUrl?: string | null;
  /** Where the graphs' steps write what they did. */
  ledgerUrl: string;
  /** Default 2. */
  leaseSeconds?: number;
  jobs?: number;
  environment?: Record<string, string>;
}

/** One process of a fleet. */
export interface Member {
  readonly role: "server" | "worker" | "all";
  readonly pid: number;
  readonly process: ChildProcess;
  /** Address; empty for a worker. */
  readonly url: string;
  /** The official client, without retries. */
  readonly client: Client;
  output(): string;
  isAlive(): boolean;
  /** It has said that it takes work. */
  isReady(): boolean;
  /** Resolves with the exit code, null after a signal, when the process is gone. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Real processes of this repository over one database: any number that serve, any number that work. Disposing kills what is left. */
export class Fleet implements AsyncDisposable {
  readonly members: Member[] = [];
  readonly #options: FleetOptions;
  readonly #dataDir: string;

  private constructor(options: FleetOptions, dataDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
  }

  static async start(options: FleetOptions, size: { servers: number; workers: number }): Promise<Fleet> {
    const fleet = new Fleet(options, await mkdtemp(join(tmpdir(), "slipway-fleet-")));
    try {
      await Promise.all([
        ...Array.from({ length: size.servers }, () => fleet.add("server")),
        ...Array.from({ length: size.workers }, () => fleet.add("worker")),
      ]);
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  /** Those that take requests now. */
  get servers(): Member[] {
    return this.members.filter((member) => member.role !== "worker" && member.isReady());
  }

  /** Those that take runs now. */
  get workers(): Member[] {
    return this.members.filter((member) => member.role !== "server" && member.isReady());
  }

  /** A client of one of the servers. */
  client(index = 0): Client {
    const server = this.servers[index % Math.max(1, this.servers.length)];
    if (server === undefined) throw new Error("no server is alive");
    return server.client;
  }

  /** Starts one more and waits until it can take work. */
  async add(role: Member["role"], environment: Record<string, string> = {}): Promise<Member> {
    const child = spawn(process.execPath, ["src/main.ts"], { cwd: ROOT, env: this.#environment(role, environment), stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const ready = Promise.withResolvers<string>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(-KEPT_OUTPUT);
        const found = READY.exec(text);
        if (found !== null) ready.resolve(found[1] ?? "");
      });
    }
    const gone = once(child, "exit");
    child.once("exit", () => ready.reject(new Error(`a ${role} ended before it was ready:\n${text}`)));
    const isAlive = () => child.exitCode === null && child.signalCode === null;
    let isReady = false;
    const member = {
      role,
      pid: child.pid ?? 0,
      process: child,
      url: "",
      client: new Client({ apiKey: null }),
      output: () => text,
      isAlive,
      isReady: () => isReady && isAlive(),
      async end(signal: NodeJS.Signals) {
        if (isAlive()) {
          child.kill(signal);
          await gone;
        }
        return child.exitCode;
      },
    };
    this.members.push(member);
    member.url = await ready.promise;
    isReady = true;
    member.client = new Client({ apiUrl: member.url, apiKey: null, callerOptions: { maxRetries: 0 } });
    return member;
  }

  /** What the living processes printed, for the message of a failing test. */
  output(): string {
    return this.members.map((member) => `--- ${member.role} ${member.pid}\n${member.output().slice(-3_000)}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) member.process.kill("SIGCONT");
    // in order where it can be: a killed process of an embedded database leaves the database running
    await Promise.all(this.members.map((member) => Promise.race([member.end("SIGTERM"), pause(10_000).then(() => member.end("SIGKILL"))])));
    await rm(this.#dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  /** Only what a process needs, so that a setting of the machine changes no test. */
  #environment(role: Member["role"], more: Record<string, string>): Record<string, string> {
    const { PATH = "", HOME = "/tmp" } = process.env;
    const { databaseUrl, redisUrl = process.env["REDIS_URL"] ?? null, ledgerUrl, leaseSeconds = 2, jobs = 10 } = this.#options;
    return {
      PATH,
      HOME,
      ROLE: role,
      PORT: "0",
      PROXY_PORT: "0",
      LANGGRAPH_JSON: GRAPHS,
      DATA_DIR: this.#dataDir,
      LEDGER_URL: ledgerUrl,
      LEASE_SECONDS: String(leaseSeconds),
      N_JOBS_PER_WORKER: String(jobs),
      LOG_LEVEL: "warn",
      SECRETS_KEY: Buffer.alloc(32, 7).toString("base64"),
      ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
      ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
      ...this.#options.environment,
      ...more,
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
