import type { StreamFrame } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";

/** The stream of a whole thread in v1: of each run what it streams, `run_done` after it, over all runs. */
export interface ThreadStreamService {
  /**
   * `run_modes`: everything that runs stream, and their ends. `lifecycle`: their starts and ends. `state_update`: the state when it changed and
   * rests. `lastEventId` null: from now, `-`: from the start of what is kept. Stays open until the signal.
   */
  join(
    caller: Caller,
    threadId: string,
    input: { lastEventId: string | null; modes: readonly ("run_modes" | "lifecycle" | "state_update")[]; signal: AbortSignal },
  ): Promise<AsyncIterable<StreamFrame>>;
}
