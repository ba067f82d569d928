/**
 * What a thread of the `ledger` graph must look like after any sequence of operations, worked out in memory and without a database, a queue
 * or LangGraph. The server is compared with it.
 *
 * A run with input writes three checkpoints: `input` (the state as it was), one where the input stands in the state and `decide` is next, and
 * one after `decide`. A run that asks, fails or is stopped leaves out the last.
 */
export type Way = "end" | "ask" | "fail" | "hold";

export interface Snapshot {
  entries: string[];
  /** What `decide` does when it runs on this state. */
  way: Way;
  next: string[];
  /** Id on the server, learnt from its history. */
  id: string | null;
}

export interface ReferenceRun {
  id: string;
  status: "success" | "error" | "interrupted" | "pending";
}

export interface ReferenceThread {
  id: string;
  metadata: Record<string, unknown>;
  status: "idle" | "interrupted" | "error" | "busy";
  /** Newest first, all branches. */
  history: Snapshot[];
  /** Newest first. */
  runs: ReferenceRun[];
  /** Something was asked and not answered. */
  asks: boolean;
}

export interface Reference {
  threads: ReferenceThread[];
  deleted: string[];
  names: number;
}

export function newReference(): Reference {
  return { threads: [], deleted: [], names: 0 };
}

export function newThread(id: string, metadata: Record<string, unknown>): ReferenceThread {
  return { id, metadata, status: "idle", history: [], runs: [], asks: false };
}

export function head(thread: ReferenceThread): Snapshot {
  return thread.history[0] ?? { entries: [], way: "end", next: [], id: null };
}

function push(thread: ReferenceThread, entries: string[], way: Way, next: string[]): void {
  thread.history.unshift({ entries, way, next, id: null });
}

/** A run with input that nothing stops, from the head or from an older snapshot. */
export function applyRun(thread: ReferenceThread, runId: string, entry: string, way: Way, from: Snapshot = head(thread)): void {
  const entries = [...from.entries, entry];
  push(thread, from.entries, from.way, ["__start__"]);
  push(thread, entries, way, ["decide"]);
  thread.asks = way === "ask";
  if (way === "end") push(thread, [...entries, `done ${entries.length}`], way, []);
  thread.status = way === "end" ? "idle" : way === "ask" ? "interrupted" : way === "fail" ? "error" : "busy";
  thread.runs.unshift({ id: runId, status: way === "fail" ? "error" : way === "hold" ? "pending" : "success" });
}

/** The held run is stopped: its input stays, its node's work does not. */
export function applyInterrupted(thread: ReferenceThread): void {
  const [run] = thread.runs;
  if (run !== undefined) run.status = "interrupted";
  thread.status = "idle";
  thread.asks = false;
}

export function applyResume(thread: ReferenceThread, runId: string, answer: string): void {
  const { entries, way } = head(thread);
  push(thread, [...entries, `answer ${answer}`], way, []);
  thread.asks = false;
  thread.status = "idle";
  thread.runs.unshift({ id: runId, status: "success" });
}

export function applyUpdate(thread: ReferenceThread, entry: string): void {
  const { entries, way } = head(thread);
  push(thread, [...entries, entry], way, []);
  thread.asks = false;
  thread.status = "idle";
}

/** A run that stops before `decide`. */
export function applyBreakpoint(thread: ReferenceThread, runId: string, entry: string): void {
  applyRun(thread, runId, entry, "end");
  thread.history.shift();
  thread.status = "interrupted";
}

/** A run without input: what is next is done, what was asked is asked again, and where nothing is next nothing happens. */
export function applyGoOn(thread: ReferenceThread, runId: string): void {
  const { entries, way, next } = head(thread);
  const fails = next.length > 0 && way === "fail";
  if (next.length > 0 && way === "end") push(thread, [...entries, `done ${entries.length}`], way, []);
  thread.asks = next.length > 0 && way === "ask";
  thread.status = fails ? "error" : thread.asks ? "interrupted" : "idle";
  thread.runs.unshift({ id: runId, status: fails ? "error" : "success" });
}

/** As it was before something that is undone. */
export function remember(thread: ReferenceThread): ReferenceThread {
  return structuredClone(thread);
}
