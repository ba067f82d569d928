import { findRun } from "#db/queries/find-run.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { type Began, nextStartedRun, startedRun } from "#db/queries/next-started-run.ts";
import { threadsInMotion } from "#db/queries/threads-in-motion.ts";
import { AppError } from "#errors";
import { permit } from "#governance/permit.ts";
import type { Caller } from "#ports/caller.ts";
import type { ThreadStreamService } from "#ports/services/thread-stream.ts";
import type { ThreadsService } from "#ports/services/threads.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import { isUuid } from "./ids.ts";
import { mustBeThreadId, threadNotFound } from "./must-find.ts";
import { followRun } from "./run-stream.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toJson } from "./serialise.ts";
import { ThreadWatch } from "./thread-watch.ts";

interface Reader {
  caller: Caller;
  threadId: string;
  modes: ReadonlySet<string>;
  signal: AbortSignal;
}

/** Where a reader stands: after the runs that began up to a moment (null: before all), and in the midst of one of them. */
interface Position {
  began: Began | null;
  within: { runId: string; frame: number } | null;
}

/** What runs say of themselves at their start. */
const START = "metadata";
const EVENT_ID = /^([0-9a-f-]{36})_(\d{1,15}|done)$/;

/**
 * The stream of a whole thread, as v1 has it: the frames of each run in the order in which the runs began, and `run_done` after each. Ids are
 * `<run id>_<number>`, so that a reader can come back to any process.
 */
export function makeThreadStream(context: RuntimeContext, threads: ThreadsService): ThreadStreamService {
  const { sql } = context.database;
  const watch = new ThreadWatch(sql, context.log);

  /** What a caller may see can change while a stream is open, so this is asked for each run. */
  async function mustSee({ caller, threadId }: Pick<Reader, "caller" | "threadId">) {
    const { access } = await permit(caller, "threads:read", { thread_id: threadId });
    if ((await findThread(sql, threadId, access)) === null) throw threadNotFound(threadId);
    return access;
  }

  /** From the start, from a known event, or from now. */
  async function positionOf(threadId: string, lastEventId: string | null): Promise<Position> {
    if (lastEventId?.startsWith("-")) return { began: null, within: null };
    const [, runId, number] = EVENT_ID.exec(lastEventId ?? "") ?? [];
    if (lastEventId !== null && (runId === undefined || !isUuid(runId)))
      throw new AppError("invalid_request", "Last-Event-ID must be the id of an event of this thread, or - for the start.");
    const known = runId === undefined ? null : await startedRun(sql, threadId, runId);
    if (known !== null) return { began: known, within: number === "done" ? null : { runId: known.run_id, frame: Number(number) } };
    const last = await startedRun(sql, threadId, null);
    if (last?.status !== "running") return { began: last, within: null };
    return { began: last, within: { runId: last.run_id, frame: await context.bus.last(last.run_id) } };
  }

  async function* follow(reader: Reader, position: Position): AsyncGenerator<StreamFrame> {
    const { threadId, modes, signal } = reader;
    let { began } = position;
    let seenAt = await changedAt(threadId);
    if (position.within !== null) yield* runFrames(reader, position.within.runId, position.within.frame, (at) => (seenAt = at));
    while (!signal.aborted) {
      const run = await nextStartedRun(sql, threadId, began);
      if (run !== null) {
        began = run;
        yield* runFrames(reader, run.run_id, -1, (at) => (seenAt = at));
        continue;
      }
      const motion = await watch.next(threadId, signal);
      if (motion === null) return;
      if (motion.running) continue;
      const at = motion.updated_at.getTime();
      // the state as it was when the reader came, or as a run left it, is no update
      if (modes.has("state_update") && seenAt !== at) yield await stateUpdate(reader);
      seenAt = at;
    }
  }

  async function changedAt(threadId: string): Promise<number> {
    const [motion] = await threadsInMotion(sql, [threadId]);
    return motion?.updated_at.getTime() ?? 0;
  }

  async function* runFrames(reader: Reader, runId: string, after: number, ended: (changedAt: number) => void): AsyncGenerator<StreamFrame> {
    const { threadId, modes, signal } = reader;
    const owner = await mustSee(reader);
    const wanted = (event: string) => modes.has("run_modes") || (modes.has("lifecycle") && event === START);
    for await (const frame of followRun(context, { runId, threadId, owner, after, signal, modes: null, tellsState: true })) {
      if (wanted(frame.event)) yield { ...frame, id: `${runId}_${frame.id}` };
    }
    ended(await changedAt(threadId));
    if (signal.aborted || !(modes.has("run_modes") || modes.has("lifecycle"))) return;
    const run = await findRun(sql, { runId, threadId, owner });
    if (run === null) return;
    yield { id: `${runId}_done`, event: "run_done", data: JSON.stringify({ run_id: runId, thread_id: threadId, status: run.status, error: run.error }) };
  }

  async function stateUpdate({ caller, threadId }: Reader): Promise<StreamFrame> {
    const state = await threads.state(caller, threadId, { subgraphs: false });
    const last = await startedRun(sql, threadId, null);
    // who comes back with this id has missed nothing of a run
    return { id: last === null ? "-" : `${last.run_id}_done`, event: "state_update", data: toJson(state) };
  }

  return {
    async join(caller, threadId, input) {
      mustBeThreadId(threadId);
      const reader = { caller, threadId, modes: new Set<string>(input.modes), signal: input.signal };
      await mustSee(reader);
      return follow(reader, await positionOf(threadId, input.lastEventId));
    },
  };
}
