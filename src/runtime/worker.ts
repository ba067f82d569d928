import { AsyncLocalStorage } from "node:async_hooks";
import { isGraphBubbleUp, RunControl } from "@langchain/langgraph";
import { claimExpiredRuns } from "#db/queries/claim-expired-runs.ts";
import { claimPendingRuns } from "#db/queries/claim-runs.ts";
import type { ClaimedRow } from "#db/queries/run-row.ts";
import { raiseEpoch } from "#db/queries/raise-epoch.ts";
import { type Release, releaseRun } from "#db/queries/release-run.ts";
import { readCancel } from "#db/queries/read-cancel.ts";
import { AppError, isAppError, isConnectionLost } from "#errors";
import type { RunPorts } from "#ports/run.ts";
import { backoff, retrying } from "./backoff.ts";
import { claimedRun, type ClaimedRun } from "./claimed-run.ts";
import { executeRun } from "./execute-run.ts";
import { abandonRun, finishRun, rollBackRun } from "./finish-run.ts";
import { FrameWriter } from "./frame-writer.ts";
import { Heartbeat } from "./heartbeat.ts";
import { isOutage, isWorthRetrying, runErrorOf } from "./run-error.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { NodeActivity } from "./settle.ts";
import { RunEvents } from "./thread-events/run-events.ts";
import { ThreadLog } from "./thread-events/thread-log.ts";
import { WorkLog } from "./work-log.ts";

/** Tries of a run whose failures say that they may pass. */
const MAX_FAILURES = 3;
/** How long a lost connection may take until it is closed. */
const LOSS_SEEN_MS = 250;
/** Takeovers of a run in a row without any progress: it probably kills its worker. */
const MAX_CRASHES = 10;

type Stop = "cancelled" | "timeout" | "lost" | "draining";

interface Active {
  run: ClaimedRun;
  abort: AbortController;
  control: RunControl;
  activity: NodeActivity;
  stop: Stop | null;
  /** For a run that is followed over protocol v2. */
  events: RunEvents | null;
  /** What its models and tools do, for the log of events. */
  work: WorkLog;
  /** By `performance.now()`. */
  since: number;
  /** When its lease is not extended any more, by the clock. */
  until: number;
  done: Promise<void>;
}

export type PortsForRun = (run: ClaimedRun) => RunPorts | null;

/**
 * Executes runs. A run it holds is in one of these states:
 *
 *   executing   the graph runs; a heartbeat keeps the lease
 *   stopping    cancelled, out of time, drained or taken over: aborted, and its node may take `settleSeconds` to end
 *   finishing   the final status is being committed, fenced by the epoch
 *
 * It leaves by `finishRun` (final), `rollBackRun` (as if it never was) or `releaseRun` (back to the queue: drained, or to be tried again).
 * A run that was taken over is dropped without a word: its new holder speaks for it.
 */
export class Worker implements AsyncDisposable {
  readonly #context: RuntimeContext;
  readonly #ports: PortsForRun;
  readonly #heartbeat: Heartbeat;
  readonly #active = new Map<string, Active>();
  #reserved = 0;
  #draining = false;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #lookForExpired = false;
  /** More may wait than there was room for. */
  #wanting = false;
  #started = false;
  /** A run that a node starts must not inherit that node's graph: its first question would be raised in the parent as if it were a subgraph. */
  readonly #outsideOfGraphs = AsyncLocalStorage.snapshot();

  constructor(context: RuntimeContext, ports: PortsForRun) {
    this.#context = context;
    this.#ports = ports;
    this.#heartbeat = new Heartbeat(
      { url: context.database.url, workerId: context.workerId, leaseSeconds: context.leaseSeconds },
      { onLost: (runId, epoch) => this.lost(runId, epoch), onCancel: (runId) => this.cancelled(runId) },
      context.log,
    );
  }

  /** Begins to claim, once others can see that this worker lives: a run claimed before could be taken for abandoned. */
  async start(): Promise<void> {
    await this.#heartbeat.seen;
    this.#started = true;
    this.look();
  }

  /** Keeps a slot for a run that is about to be inserted already claimed. */
  reserve(graphId: string): boolean {
    if (this.#draining || !this.#started || this.#free() <= 0 || !this.#context.graphs.runnable.includes(graphId)) return false;
    this.#reserved += 1;
    return true;
  }

  release(): void {
    this.#reserved -= 1;
  }

  /** Executes a run that was inserted claimed, in the slot that was reserved for it. */
  execute(run: ClaimedRun): void {
    this.#reserved -= 1;
    this.#take(run);
  }

  /** A hint that there may be work; `expired`: also take over what other workers dropped. */
  look(options: { expired: boolean } = { expired: false }): void {
    if (!this.#started || this.#draining) return;
    this.#lookForExpired ||= options.expired;
    if (this.#looking !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#claim()
      .catch((error: unknown) => this.#context.log.warn({ err: error }, "claiming runs failed; the next sweep tries again"))
      .finally(() => {
        this.#looking = null;
        if (this.#lookAgain) {
          this.#lookAgain = false;
          this.look();
        }
      });
  }

  /** The run's row says that it is cancelled. */
  cancelled(runId: string): void {
    const active = this.#active.get(runId);
    if (active !== undefined) this.#stop(active, "cancelled");
  }

  /** A write of this attempt was refused, or its lease was seen to be gone: it stops at once and says nothing more. */
  lost(runId: string, epoch: number): void {
    const active = this.#active.get(runId);
    if (active?.run.epoch === epoch) this.#stop(active, "lost");
  }

  /** Runs held here now. */
  get busy(): number {
    return this.#active.size;
  }

  /**
   * Takes nothing new and gives every run back at its next step boundary, at the latest after the drain time: then it is aborted and given
   * back where it stands.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#looking;
    for (const active of this.#active.values()) active.control.requestDrain("sigterm");
    const all = Promise.allSettled([...this.#active.values()].map((active) => active.done));
    const { promise: limit, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#context.drainSeconds * 1_000);
    await Promise.race([all, limit]);
    clearTimeout(timer);
    for (const active of this.#active.values()) this.#stop(active, "draining");
    await Promise.allSettled([...this.#active.values()].map((active) => active.done));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    await this.#heartbeat[Symbol.asyncDispose]();
  }

  #free(): number {
    return this.#context.jobs - this.#active.size - this.#reserved;
  }

  async #claim(): Promise<void> {
    const { sql } = this.#context.database;
    const settings = { worker: this.#context.workerId, leaseSeconds: this.#context.leaseSeconds, graphIds: [...this.#context.graphs.runnable] };
    this.#wanting = true;
    for (let free = this.#free(); free > 0 && !this.#draining; free = this.#free()) {
      // held while the statement is on its way, so that a fast insert does not take the same slots
      this.#reserved += free;
      let taken = 0;
      const take = (rows: ClaimedRow[]) => {
        taken += rows.length;
        for (const row of rows) this.#take(claimedRun(row));
      };
      try {
        // what was interrupted began before all that waits; a worker that had no room at the last sweep still owes the look
        if (this.#lookForExpired) take(await claimExpiredRuns(sql, { ...settings, limit: free }));
        this.#lookForExpired = taken === free;
        if (taken < free) take(await claimPendingRuns(sql, { ...settings, limit: free - taken }));
      } finally {
        this.#reserved -= free;
      }
      if (taken < free) {
        this.#wanting = false;
        return;
      }
    }
  }

  #take(run: ClaimedRun): void {
    const active: Active = {
      run,
      abort: new AbortController(),
      control: new RunControl(),
      activity: new NodeActivity(),
      stop: null,
      events: null,
      work: new WorkLog(this.#context.database.sql, this.#context.log, run),
      since: performance.now(),
      until: Date.now() + (this.#context.jobTimeoutSeconds + this.#context.leaseSeconds) * 1_000,
      done: Promise.resolve(),
    };
    // taken over from ourselves, when the lease ran out unseen: two attempts must not go on side by side
    const before = this.#active.get(run.run_id);
    if (before !== undefined) this.#stop(before, "lost");
    this.#active.set(run.run_id, active);
    if (run.attempt === 1) this.#context.bus.begin(run.run_id);
    if (run.attempt === 1 && run.started_at !== null) this.#context.metrics.runClaimed((run.started_at.getTime() - run.run_after.getTime()) / 1_000);
    this.#heartbeat.hold(run.run_id, run.epoch, active.until);
    const timeout = setTimeout(() => this.#stop(active, "timeout"), this.#context.jobTimeoutSeconds * 1_000);
    active.done = this.#outsideOfGraphs(() => this.#run(active))
      .catch((error: unknown) => {
        const facts = { run_id: run.run_id, err: error };
        if (isAppError(error) && error.code === "lease_lost") this.#context.log.warn(facts, "a run ended elsewhere: it was taken over or deleted");
        else this.#context.log.error(facts, "a run could not be ended; its lease will run out and it is taken over");
      })
      .finally(() => active.work.flush())
      .finally(() => {
        clearTimeout(timeout);
        void active.work.flush();
        this.#heartbeat.drop(run.run_id, active.run.epoch);
        if (this.#active.get(run.run_id) === active) this.#active.delete(run.run_id);
        if (this.#wanting) this.look();
      });
    if (this.#draining) active.control.requestDrain("sigterm");
  }

  async #run(active: Active): Promise<void> {
    const { run } = active;
    const log = this.#context.log.child({ run_id: run.run_id, thread_id: run.thread_id });
    if (run.cancel !== null) active.stop = "cancelled";
    active.events = await this.#openEvents(run);
    if (active.stop === "cancelled") return this.#endCancelled(active);
    const frames = await FrameWriter.open(this.#context.bus, run);
    try {
      if (run.crashes >= MAX_CRASHES)
        throw new AppError(
          "internal",
          `The process or the database that this run needs went away ${run.crashes} times at the same step. Look for a node that exhausts memory or exits.`,
        );
      const executed = await executeRun(this.#context, { ...active, frames, signal: active.abort.signal, ports: this.#ports(run) });
      // a cancellation that came while the last step ended still counts if it came before the commit
      if (stopOf(active) === "cancelled") return await this.#endCancelled(active);
      const tell = () => {
        for (const { event, json } of executed.pause) frames.writeJson(event, json);
      };
      await this.#finish(active, { status: "success", error: null, valuesJson: executed.paused ? null : executed.valuesJson, tell });
    } catch (error) {
      const stop = stopOf(active);
      if (stop === null || stop === "timeout") active.events?.fail(error);
      if (stop === "lost" || (isAppError(error) && error.code === "lease_lost")) {
        log.warn({ epoch: run.epoch }, "taken over by another worker");
        return;
      }
      if (stop !== null) await this.#settled(active);
      if (stop === "cancelled") return this.#endCancelled(active);
      if (stop === "timeout")
        return this.#endFailed(
          active,
          frames,
          "timeout",
          new AppError("job_timeout", `The run took longer than ${this.#context.jobTimeoutSeconds} s (JOB_TIMEOUT).`),
        );
      if (stop === "draining" || isDrained(error)) return this.#giveBack(active, 0, "drained");
      if (isWorthRetrying(error) && run.crashes < MAX_CRASHES) {
        const outage = isOutage(error) && (await this.#lostDatabase(active.since));
        // a database of the graph's own that refuses it is the graph's failure, and final
        if (outage || (isAppError(error) && run.failures + 1 < MAX_FAILURES)) {
          log.warn({ err: error, failures: run.failures + (outage ? 0 : 1) }, outage ? "the database went away; tried again" : "failed; tried again later");
          // branches beside the one that failed may still be at work; the next attempt must not meet them
          active.abort.abort("retried");
          await this.#settled(active);
          return await this.#giveBack(active, outage ? 1 : backoff(run.failures), outage ? "outage" : "failed");
        }
      }
      log.error({ err: error }, "run failed");
      await this.#endFailed(active, frames, "error", error);
    }
  }

  async #endFailed(active: Active, frames: FrameWriter, status: "error" | "timeout", cause: unknown): Promise<void> {
    const error = runErrorOf(cause);
    const tell = () => void frames.write("error", error);
    await this.#fenceOff(active);
    try {
      await this.#finish(active, { status, error, valuesJson: null, tell });
    } catch (failure) {
      const isLost = isAppError(failure) && failure.code === "lease_lost";
      if (isLost || isConnectionLost(failure) || active.run.crashes < MAX_CRASHES) throw failure;
      this.#context.log.error({ err: failure, run_id: active.run.run_id }, "a run cannot be ended properly, however often it is tried: it is marked as failed");
      await this.#whileHeld(active, () => abandonRun(this.#context, active.run, error, tell));
    }
  }

  async #finish(active: Active, end: Parameters<typeof finishRun>[2]): Promise<void> {
    const { events } = active;
    const status = end.status === "success" ? (end.valuesJson === null ? "interrupted" : "completed") : end.status === "interrupted" ? "interrupted" : "failed";
    const more = await this.#whileHeld(active, () => finishRun(this.#context, active.run, { ...end, lastEvent: events?.lastNumber, work: active.work }));
    events?.end(status, end.error?.message);
    if (more) this.look();
  }

  async #openEvents(run: ClaimedRun): Promise<RunEvents | null> {
    if (run.kwargs["thread_events"] !== true && !run.has_events) return null;
    const log = await ThreadLog.open(this.#context.bus, this.#context.database.sql, run.thread_id);
    return log === null ? null : new RunEvents(log, run.graph_id);
  }

  async #endCancelled(active: Active): Promise<void> {
    await this.#fenceOff(active);
    const { run } = active;
    // the action stands in the row: a hint only says that there is one
    const action = await this.#whileHeld(active, () => readCancel(this.#context.database.sql, run.run_id));
    await active.events?.finish(true);
    if (action === "rollback") {
      await this.#whileHeld(active, () => rollBackRun(this.#context, run)).then(() => this.look());
      active.events?.end("interrupted");
      await active.events?.release();
    } else await this.#finish(active, { status: "interrupted", error: null, valuesJson: null });
  }

  /**
   * A graph that was stopped may have writes under way that nobody awaits (durability `async`). From here on they are refused, so that what is
   * read, undone or counted next is what the thread ends with. Throws `lease_lost`.
   */
  async #fenceOff(active: Active): Promise<void> {
    const { run } = active;
    this.#heartbeat.drop(run.run_id, run.epoch);
    active.run = { ...run, epoch: run.epoch + 1 };
    if (!(await this.#whileHeld(active, () => raiseEpoch(this.#context.database.sql, { runId: run.run_id, epoch: run.epoch }))))
      throw new AppError("lease_lost", `Run ${run.run_id} was taken over by another worker.`);
    this.#heartbeat.hold(run.run_id, active.run.epoch, active.until);
  }

  async #giveBack(active: Active, delaySeconds: number, why: Release["why"]): Promise<void> {
    const { run } = active;
    await this.#context.bus.flush(run.run_id);
    await active.events?.release();
    await this.#whileHeld(active, () => releaseRun(this.#context.database.sql, { runId: run.run_id, epoch: run.epoch, delaySeconds, why }));
  }

  /** Whether the database has gone away since. A query hears of it first, and the pool up to a moment later, when the connection is closed. */
  async #lostDatabase(since: number): Promise<boolean> {
    const until = performance.now() + LOSS_SEEN_MS;
    while (this.#context.database.lastLoss() < since && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.#context.database.lastLoss() >= since;
  }

  /** Ends must not be lost to a database that is away for a moment; what is lost for good is found by whoever takes the run over. */
  #whileHeld<T>(active: Active, work: () => Promise<T>): Promise<T> {
    return retrying(work, { attempts: 8, when: (error) => active.stop !== "lost" && isConnectionLost(error) });
  }

  /** Waits for what a graph that was stopped still does: its nodes, and then what it saves. */
  async #settled(active: Active): Promise<void> {
    const limitMs = this.#context.settleSeconds * 1_000;
    const nodes = await active.activity.settled(limitMs);
    const { run_id: runId, epoch } = active.run;
    if (!(await this.#context.checkpointer.settled({ runId, epoch }, limitMs)))
      this.#context.log.warn({ run_id: runId }, "what a stopped run had still to save took too long; from here on it is refused");
    if (nodes) return;
    this.#context.log.warn(
      { run_id: active.run.run_id },
      "a node went on after it was told to stop; its thread is free again and what it still writes is refused",
    );
  }

  #stop(active: Active, stop: Stop): void {
    if (active.stop !== null && stop !== "lost") return;
    active.stop = stop;
    active.abort.abort(stop);
  }
}

/** Read anew: it changes while a run is awaited. */
function stopOf(active: Active): Stop | null {
  return active.stop;
}

function isDrained(error: unknown): boolean {
  return isGraphBubbleUp(error) && error instanceof Error && error.name === "GraphDrained";
}
