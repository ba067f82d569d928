import { findThread } from "#db/queries/find-thread.ts";
import type { Reach } from "#ports/access.ts";
import type { RunStatus, StreamFrame } from "#protocol/wire.ts";
import { valuesJsonOf } from "./thread-values.ts";
import type { RuntimeContext } from "./runtime-context.ts";

export interface Follow {
  runId: string;
  threadId: string;
  owner: Reach;
  /** Number of the last frame seen, -1 for none. */
  after: number;
  signal: AbortSignal;
  /** Null: everything that was published. */
  modes: readonly string[] | null;
  /** The run streams its state, so that a reader whose position was trimmed can go on from the state as it is now. */
  tellsState: boolean;
}

/** How often the run's row is looked at, in case that the end marker was lost with its worker. */
const LOOK_AT_ROW_MS = 2_000;
/** Silence after the end of a run that counts as the end of its stream. */
const SILENCE_MS = 1_000;
const FINAL = new Set<RunStatus>(["success", "error", "timeout", "interrupted"]);

/**
 * A run's frames from a position on, until its final status is committed. A reader whose position was trimmed gets the thread's current state
 * first, if the run tells its state. The table has the last word: when it says that the run is over and nothing more comes, the stream ends.
 */
export async function* followRun(context: RuntimeContext, follow: Follow): AsyncGenerator<StreamFrame> {
  const stop = new AbortController();
  // a reason of its own costs nothing; the default one is an exception with its stack
  const onAbort = () => stop.abort("left");
  follow.signal.addEventListener("abort", onAbort, { once: true });
  if (follow.signal.aborted) onAbort();
  const reader: Reader = { takes: false, events: 0 };
  const watch = watchRow(context, follow, stop, reader);
  try {
    for await (const event of context.bus.subscribe(follow.runId, { after: follow.after, signal: stop.signal })) {
      reader.events += 1;
      reader.takes = true;
      if (event.kind === "gap") {
        const state = follow.tellsState && wanted("values", follow.modes) ? await currentState(context, follow, event.next) : null;
        if (state !== null) yield state;
      } else if (wanted(event.frame.event, follow.modes)) {
        yield event.frame;
      }
      reader.takes = false;
    }
  } finally {
    follow.signal.removeEventListener("abort", onAbort);
    stop.abort("over");
    await watch;
  }
}

/** Where a reader stands: a slow one is still taking the last frames long after its run has ended. */
interface Reader {
  /** It has a frame in hand and has not asked for the next. */
  takes: boolean;
  events: number;
}

async function watchRow(context: RuntimeContext, follow: Follow, stop: AbortController, reader: Reader): Promise<void> {
  let overSince: number | null = null;
  let seen = 0;
  while (!stop.signal.aborted) {
    await pause(overSince === null ? LOOK_AT_ROW_MS : 250, stop.signal);
    if (stop.signal.aborted) return;
    try {
      const status = await context.runStatuses.of(follow.runId);
      if (status !== null && !FINAL.has(status)) continue;
    } catch {
      // the database is away; the stream goes on from the bus
      continue;
    }
    // frames may still be under way: the marker gets one more moment of silence
    if (reader.takes || reader.events !== seen) overSince = null;
    seen = reader.events;
    overSince ??= performance.now();
    if (!reader.takes && performance.now() - overSince > SILENCE_MS) stop.abort("over");
  }
}

/** The state that a reader with a trimmed position starts from, under the number before the next frame; null where there is none yet. */
async function currentState(context: RuntimeContext, follow: Follow, next: number): Promise<StreamFrame | null> {
  const thread = await findThread(context.database.sql, follow.threadId, follow.owner);
  const data = thread === null ? "null" : await valuesJsonOf(context, thread);
  return data === "null" ? null : { id: String(Math.max(0, next - 1)), event: "values", data };
}

function wanted(event: string, modes: readonly string[] | null): boolean {
  if (modes === null) return true;
  const name = event.split("|", 1)[0]?.split("/", 1)[0] ?? event;
  if (name === "metadata" || name === "error" || modes.includes(name)) return true;
  return name === "messages" && modes.includes("messages-tuple");
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
