import { EventEmitter, once } from "node:events";
import type { App, Launch, Slot, State } from "./protocol.ts";
import { writeState } from "./state-file.ts";

/**
 * The supervisor's state, in memory and on disk. `commit` is called after every change of `state` and before the change has an effect
 * outside, so that a successor never knows less than what happened.
 */
export interface Memory {
  readonly state: State;
  /** How to start each release; never written down. */
  readonly launches: Map<string, Launch>;
  commit(): void;
  /** Something that requests may wait for changed, without a change of state (a process came up). */
  touch(): void;
  changed(timeoutMs: number): Promise<void>;
  onChange(listener: () => void): () => void;
}

export function createMemory(state: State, stateFile: string): Memory {
  const events = new EventEmitter().setMaxListeners(0);
  return {
    state,
    launches: new Map(),
    commit() {
      state.revision += 1;
      writeState(stateFile, state);
      events.emit("change");
    },
    touch: () => void events.emit("change"),
    async changed(timeoutMs) {
      try {
        await once(events, "change", { signal: AbortSignal.timeout(Math.max(1, Math.min(timeoutMs, 2 ** 31 - 1))) });
      } catch {
        // the time is over
      }
    },
    onChange(listener) {
      events.on("change", listener);
      return () => events.off("change", listener);
    },
  };
}

export function findSlot(app: App, releaseId: string | null): Slot | undefined {
  return app.slots.find((slot) => slot.releaseId === releaseId);
}
