import { Worker } from "node:worker_threads";
import type { Log } from "#log";
import { HELD_RUNS_BYTES, HeldRuns } from "./held-runs.ts";

export interface HeartbeatSettings {
  url: string;
  /** Names the connection, so that others see at once when this process is gone; see `claim-expired-runs.ts`. */
  workerId: string;
  leaseSeconds: number;
  intervalMs: number;
  /** What is held; see `held-runs.ts`. */
  held: SharedArrayBuffer;
}

export type ToHeartbeat = { kind: "stop" };
export type FromHeartbeat =
  | { kind: "seen" }
  | { kind: "lost"; runId: string; epoch: number }
  | { kind: "cancel"; runId: string }
  | { kind: "failed"; message: string };

export interface HeartbeatHandlers {
  /** Another worker holds the run now; everything this one still writes is refused. */
  onLost(runId: string, epoch: number): void;
  onCancel(runId: string): void;
}

/** The main thread's side of `heartbeat-thread.ts`. A thread that dies is started again and reads the same memory. */
export class Heartbeat implements AsyncDisposable {
  readonly #settings: HeartbeatSettings;
  readonly #handlers: HeartbeatHandlers;
  readonly #log: Log;
  readonly #held: HeldRuns;
  readonly #seen = Promise.withResolvers<void>();
  #thread: Worker;
  #stopped: Promise<void> | null = null;

  constructor(settings: { url: string; workerId: string; leaseSeconds: number }, handlers: HeartbeatHandlers, log: Log) {
    // four beats a lease: three may fail before anybody takes over
    this.#settings = { ...settings, intervalMs: (settings.leaseSeconds * 1_000) / 4, held: new SharedArrayBuffer(HELD_RUNS_BYTES) };
    this.#held = new HeldRuns(this.#settings.held);
    this.#handlers = handlers;
    this.#log = log;
    this.#thread = this.#spawn();
  }

  /** Resolves when the connection stands by which others see that this process lives. */
  get seen(): Promise<void> {
    return this.#seen.promise;
  }

  hold(runId: string, epoch: number, until: number): void {
    this.#held.hold({ runId, epoch, until });
  }

  drop(runId: string, epoch: number): void {
    this.#held.drop(runId, epoch);
  }

  /** Twice is once: the thread that has ended says nothing any more. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#thread.once("exit", resolve));
    this.#thread.postMessage({ kind: "stop" } satisfies ToHeartbeat);
    const timer = setTimeout(() => void this.#thread.terminate(), 2_000);
    await exited;
    clearTimeout(timer);
  }

  #spawn(): Worker {
    const thread = new Worker(new URL("./heartbeat-thread.ts", import.meta.url), { workerData: this.#settings, execArgv: [] });
    thread.unref();
    thread.on("message", (message: FromHeartbeat) => {
      if (message.kind === "seen") this.#seen.resolve();
      else if (message.kind === "lost") this.#handlers.onLost(message.runId, message.epoch);
      else if (message.kind === "cancel") this.#handlers.onCancel(message.runId);
      else this.#log.warn({ reason: message.message }, "a heartbeat failed; leases run out unless the next one succeeds");
    });
    thread.on("error", (error) => this.#log.error({ err: error }, "the heartbeat thread failed"));
    thread.on("exit", () => {
      if (this.#stopped === null) this.#thread = this.#spawn();
    });
    return thread;
  }
}
