import type { RunCreate } from "#protocol/run-create.ts";
import type { Run, RunStatus, StreamFrame } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

/** A live view of a run's stream; ends when the run's final status is committed. */
export type RunStream = AsyncIterable<StreamFrame>;

/** Runs: made, followed, waited for, ended. */
export interface RunsService {
  /**
   * Inserts the run by the thread's multitask rules. `threadId` null: stateless, on a temporary thread.
   * A resume claims its approvals in the same transaction: nothing pending is `nothing_to_resume`, somebody else's decision `already_decided`.
   * The same `idempotencyKey` again answers the run that it made, as it stands; with another request it is `idempotency_conflict`.
   */
  create(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    /** `threadEvents`: the run is followed over protocol v2. */
    extra: { headers: Record<string, string>; idempotencyKey?: string | null; threadEvents?: boolean },
  ): Promise<Run>;
  /** Stateless runs, in order. */
  createMany(caller: Caller, inputs: RunCreate[], extra: { headers: Record<string, string>; idempotencyKey?: string | null }): Promise<Run[]>;
  /**
   * Creates and follows: `stream` starts before the run does, so no event is missed. `abort` of the signal means that the client
   * went away; the run is cancelled when `on_disconnect` says so.
   */
  stream(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    extra: { headers: Record<string, string>; signal: AbortSignal; idempotencyKey?: string | null },
  ): Promise<{ run: Run; stream: RunStream }>;
  /**
   * Creates and waits: `values` are those that `join` answers; after a cancellation what the thread holds. `abort` of the signal as above.
   */
  wait(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    extra: { headers: Record<string, string>; signal: AbortSignal; idempotencyKey?: string | null },
  ): Promise<{ run: Run; values: Promise<unknown> }>;
  /** Final values of the thread, or `{__error__: {error, message}}` for a failed run. Null after an interruption by cancel. */
  join(caller: Caller, threadId: string | null, runId: string, input: { cancelOnDisconnect: boolean; signal: AbortSignal }): Promise<unknown>;
  /** `lastEventId` null: what is new, or all of a run that nobody streamed and that is not resumable; "-1": from the start of the buffer. */
  joinStream(
    caller: Caller,
    threadId: string | null,
    runId: string,
    input: { lastEventId: string | null; cancelOnDisconnect: boolean; streamModes: string[] | null; signal: AbortSignal },
  ): Promise<RunStream>;
  list(caller: Caller, threadId: string, input: Page & { status?: RunStatus }): Promise<{ items: Run[]; total: number }>;
  get(caller: Caller, threadId: string | null, runId: string): Promise<Run>;
  delete(caller: Caller, threadId: string, runId: string): Promise<void>;
  /** Returns once the cancellation is recorded, or with `wait` once the run has settled. A finished run: no effect, no error. */
  cancel(caller: Caller, threadId: string, runId: string, input: { action: "interrupt" | "rollback"; wait: boolean }): Promise<void>;
  cancelMany(
    caller: Caller,
    input: { thread_id?: string; run_ids?: string[]; status?: "pending" | "running" | "all"; action: "interrupt" | "rollback" },
  ): Promise<void>;
}
