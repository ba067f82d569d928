import { EventEmitter, once } from "node:events";
import type { App, Launch, Slot, State } from "./protocol.ts";
import { writeState } from "./state-file.ts";

/**
 * The supervisor's state, in memory and on disk. `commit` is called after every change of `state` and before the change has an effect
 * outside, so that a successor never knows less than what happened. A full disk does not stop what runs: the write is tried again
 * until there is room. Starting a process is the exception (`commitDurably`): one that nobody wrote down could be lost.
 */
export interface Memory {
  readonly state: State;
  /** How to start each release; never written down. */
  readonly launches: Map<string, Launch>;
  commit(): void;
  /** @throws the system's error when the state could not be written. */
  commitDurably(): void;
  /** Something that requests may wait for changed, without a change of state (a process came up). */
  touch(): void;
  changed(timeoutMs: number): Promise<void>;
  onChange(listener: () => void): () => void;
}

const RETRY_MS = 1_000;

export function createMemory(state: State, stateFile: string): Memory {
  const events = new EventEmitter().setMaxListeners(0);
  let retry: NodeJS.Timeout | undefined;

  function write(): void {
    clearTimeout(retry);
    writeState(stateFile, state);
  }

  function writeUntilWritten(): void {
    try {
      write();
    } catch {
      retry = setTimeout(writeUntilWritten, RETRY_MS);
    }
  }

  return {
    state,
    launches: new Map(),
    commit() {
      state.revision += 1;
      writeUntilWritten();
      events.emit("change");
    },
    commitDurably() {
      state.revision += 1;
      write();
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

/** The slot of a release, while it is remembered. */
export function findSlot(app: App, releaseId: string | null): Slot | undefined {
  return app.slots.find((slot) => slot.releaseId === releaseId);
}
