/** Graph ids that the product owner may start on a thread of their own. */
export type Team = "engineering" | "devops";

/**
 * Where a piece of team work stands. `waiting`: paused on an approval. `done`/`failed` say how the run ended;
 * `done` does not mean that the work succeeded: `result` says that.
 */
export type TeamWorkStatus = "running" | "waiting" | "done" | "failed" | "cancelled";

export interface TeamWork {
  /** The tool call of the parent that started it; the key that outcomes carry. */
  call: string;
  team: Team;
  threadId: string;
  projectId: string | null;
  status: TeamWorkStatus;
  /** Node that runs or waits now, e.g. `developer`; null when ended. */
  step: string | null;
  /** `result` of the team's state once it ended; see `graphs/<team>/state.ts`. */
  result: unknown;
  error: string | null;
}

/**
 * What wakes the parent: the worker writes an outbox row in the transaction that ends or pauses the child's run, and starts a
 * run of the parent's graph with input `{ outcome }`. A parent ignores an outcome whose `call` it does not know.
 * `decided`: an approval of the child was decided elsewhere, so a mirrored question is out of date.
 */
export interface TeamOutcome {
  call: string;
  team: Team;
  threadId: string;
  status: Exclude<TeamWorkStatus, "running"> | "decided";
  result: unknown;
  error: string | null;
}

export interface TeamsPort {
  /** Starts the team's graph on a child thread. Idempotent per (thread, branch, call). */
  start(input: { call: string; team: Team; projectId: string | null; input: Record<string, unknown> }): Promise<TeamWork>;
  /** All work started from this thread, oldest first. */
  list(): Promise<TeamWork[]>;
  /** Interrupts the child's run; a paused child is ended. No error when it already ended. */
  cancel(call: string): Promise<TeamWork>;
}
